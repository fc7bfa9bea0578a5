"""Planning: arms are built, counted and named, levels checked, and trials looked up in the store.

The store keeps the counts as the arm's cost, so that a second plan imports no torch.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from study import stats
from study.errors import SpecError
from study.plan import checks, image_summaries, images, label_checks, notes, pairing
from study.plan.arms import ResolvedArm, arms
from study.plan.costs import CostRecords, sample
from study.plan.plan import Plan, PlannedArm, Trial
from study.spec.arm_names import owners
from study.spec.places import Places
from study.spec.problems import Location, Problem, report
from study.spec.reader import ReadStudy
from study.spec.schema import Data
from study.spec.study import Arm, Study
from study.store import store as stores
from study.store.records import TrialConfig
from study.store.store import Store


def plan(
    file: ReadStudy,
    store: Store,
    *,
    audit_all: bool = False,
    tell: Callable[[str], None] = lambda text: None,
) -> Plan:
    """Build and count the study's arms, and look up their trials in the store.

    Of more than `costs.AUDITED` arms a sample is audited, unless `audit_all`. `tell` is given a
    line before work that takes time.

    Raises:
        SpecError: lists the mistakes, each at its place. Those that show in the file alone come
            first, before torch is imported; models are built once there are none.
        StoreError: a stored result was computed from another configuration of the same name.
    """
    # Folders may have changed since an earlier plan of this process.
    image_summaries.forget()
    study, configurations = file.study, file.configurations
    if study is None or configurations is None:
        raise SpecError(report(file.problems))
    places = file.places
    if mistakes := [*file.problems, *label_checks.problems(study, places)]:
        wrong = [*mistakes, *_image_problems(study, places, mistakes, store)]
        raise SpecError(f"{report(wrong)}; models are built once the file is correct")
    costs = CostRecords(store, study.arms if audit_all else sample(study.arms))
    costs.prepare(study.arms, tell)
    every = arms(study, configurations, costs)
    level_problems, level_notes = checks.problems(every)
    if mistakes := [*every.problems, *level_problems]:
        raise SpecError(report([*mistakes, *_image_problems(study, places, mistakes, store)]))
    planned = [_planned(study, arm, store) for arm in every.resolved]
    every_note = [
        *level_notes,
        *notes.unaudited(planned),
        *pairing.notes(every),
        *notes.stale(planned, store),
        *notes.code(planned),
        *notes.images(planned, store),
        *label_checks.units(study, places, _costs(study, planned)),
    ]
    complete = Plan(study, tuple(planned), file, tuple(every_note))
    return replace(complete, sd=_sd(complete, store))


def check_data(plan: Plan, store: Store, *, absent: bool = True) -> None:
    """Refuse to start with images on which every trial would fail; see `images.problems`.

    Raises:
        SpecError: lists the problems.
    """
    # An arm whose trials are done needs no images.
    missing = (arm.arm for arm in plan.arms if arm.done < len(arm.trials))
    data_sets = _data_sets(missing, plan.file.places)
    if wrong := images.problems(data_sets, store, absent=absent):
        raise SpecError(report(wrong))


def _image_problems(
    study: Study, places: Places, mistakes: Sequence[Problem], store: Store
) -> Iterator[Problem]:
    """Problems with the images, so that they are reported together with the other mistakes."""
    readable = (arm for arm in study.arms if "data" not in arm.config.unresolved)
    messages = {problem.message for problem in mistakes}
    for problem in images.problems(_data_sets(readable, places), store, absent=False):
        # Several arms usually share one folder, which is reported once.
        if problem.message not in messages:
            messages.add(problem.message)
            yield problem


def _data_sets(
    some: Iterable[Arm], places: Places
) -> Iterator[tuple[Data, Callable[[str], Location]]]:
    """The data of arms, each different set once, with the positions of its keys."""
    sets = dict[str, tuple[Data, Callable[[str], Location]]]()
    for arm in some:
        data = arm.config.data
        sets.setdefault(data.model_dump_json(), (data, partial(places.of_data, arm.choices)))
    yield from sets.values()


def _costs(study: Study, planned: Sequence[PlannedArm]) -> dict[str, Mapping[str, float | None]]:
    """The costs of every row of the study, by each unique name of the row."""
    numbers = owners(study, [arm.arm.choices for arm in planned])
    return {name: planned[number].cost_record.cost for name, number in numbers.items()}


def _planned(study: Study, arm: ResolvedArm, store: Store) -> PlannedArm:
    """An arm with its trials and their states in the store."""
    name, config = arm.digest, TrialConfig(**arm.config)
    # Choices of all zeros are the baseline, the only arm that is repeated.
    again = study.aa_seeds if not any(arm.arm.choices) else ()
    trials = [_trial(f"{name}-{seed}", seed, config, store) for seed in study.seeds]
    beside = [_trial(f"{name}-{seed}", seed, config, store) for seed in again]
    trials += [replace(trial, is_aa=True) for trial in beside]
    return PlannedArm(arm.arm, arm.label, name, config, arm.cost_record, tuple(trials))


def _trial(name: str, seed: int, config: TrialConfig, store: Store) -> Trial:
    if not store.trial(name).exists():  # one look instead of four, for studies that are new
        return Trial(name, seed, "pending")
    result = store.result(name)
    if result is None:
        return Trial(name, seed, store.state(name), images=store.began(name))
    # A result of another configuration would stand in the table as this arm's.
    stores.agree(name, result.config, config, store.trial(name))
    code, images = result.environment.computing, result.images or None
    return Trial(name, seed, result.state, code, images=images)


def _sd(plan: Plan, store: Store) -> float:
    """`Plan.sd`, pooled over arms; NaN until an arm shares two seeds with the baseline."""
    base, *others = (_finished(arm, plan.tested, store) for arm in plan.arms)
    return stats.pooled_sd([v[s] - base[s] for s in v.keys() & base.keys()] for v in others)


def _finished(arm: PlannedArm, metric: str, store: Store) -> dict[int, float]:
    """The values of a metric in an arm's completed trials, by seed."""
    done = {t.seed: store.result(t.name) for t in arm.replicates if t.state == "completed"}
    values = {seed: result.metrics.get(metric) for seed, result in done.items() if result}
    return {seed: float(value) for seed, value in values.items() if value is not None}
