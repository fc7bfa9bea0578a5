"""Planning: the task resolves the arms of a study, and their trials are looked up in the store."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import sqrt

from study import stats, tasks
from study.errors import SpecError
from study.plan import front, label_checks, notes, sequential, twins
from study.plan.design_notes import design_notes
from study.plan.expectations import Expectations
from study.plan.measured.results import with_results
from study.plan.plan import Plan
from study.plan.tuned_space import TunedSpace
from study.spec.arm_names import owners
from study.spec.problems import Problem, report
from study.spec.reader import ReadStudy
from study.spec.study import Study
from study.store.endings import Ending
from study.store.store import Store
from study.tasks import Task
from study.tasks.arms import PlannedArm, ResolvedArm, ResolvedArms, ending_of, stored_trials
from study.tune.replay import tuned
from study.tune.search_replay import searched


def plan(
    file: ReadStudy,
    store: Store,
    *,
    audit_all: bool = False,
    tell: Callable[[str], None] = lambda text: None,
) -> Plan:
    """The study's arms, resolved by its task, and their trials in the store.

    Of many arms a sample is audited, unless `audit_all`. `tell` is given a line before work that
    takes time.

    Raises:
        SpecError: lists the mistakes, each at its place. Those that show in the file alone come
            first; arms are built once there are none.
        StoreError: a stored result was computed from another configuration of the same name.
    """
    given = file
    file, measured = with_results(given)
    study, _ = file.complete()
    task = tasks.task(study.task, study.plugins)
    task.forget()
    resolve = partial(task.arms, store=store, audit_all=audit_all, tell=tell)
    every, search = _checked(file, task, store, resolve), None
    if study.search:
        search = searched(file, task, every.arms[0], store)
        file, every = front.as_levels(file, search, every, resolve)
        study, _ = file.complete()
    space = _space(task, file, every.arms, store)
    refitted = _with_twins(study, task, every, file, tell)
    tuning = tuned(file, task, every.arms, store)
    # A study has one of both, or neither.
    arms = tuning.resolved if tuning else refitted.arms
    # Seeds come from the file of results again when the study is planned again.
    again = given if measured else file
    begun = Plan(study, (), task, again, tuning=tuning, search=search, measured=measured)
    planned = _with_trials(begun, arms, store)
    every_note = [
        *design_notes(study),
        *(measured.notes if measured else ()),
        *every.notes,
        *refitted.notes,
        *(space.notes() if space else ()),
        *notes.stale(planned, tuning, store),
        *notes.code(planned),
        *task.notes(planned, store),
        *label_checks.units(study, file.places, _costs(study, planned)),
    ]
    complete = replace(begun, arms=tuple(planned), notes=tuple(every_note))
    return replace(complete, sd=_sd(complete, store))


def _checked(
    file: ReadStudy, task: Task, store: Store, resolve: Callable[[ReadStudy], ResolvedArms]
) -> ResolvedArms:
    """The arms that a file has; raises SpecError for the mistakes in it."""
    study, configurations = file.complete()
    untimed = _untimed(study, task, file)
    matching, pairs = twins.problems(study, file.places), twins.possible(study)
    labels = label_checks.problems(study, file.places, pairs)
    if mistakes := [*file.problems, *matching, *labels, *untimed]:
        wrong = [*mistakes, *_input_problems(task, file, mistakes, store)]
        raise SpecError(f"{report(wrong)}; more is checked once the file is correct")
    every = resolve(file)
    expected = Expectations(study, configurations, every)
    if mistakes := [*every.problems, *expected.problems()]:
        raise SpecError(report([*mistakes, *_input_problems(task, file, mistakes, store)]))
    return every


def _space(
    task: Task, file: ReadStudy, arms: Sequence[ResolvedArm], store: Store
) -> TunedSpace | None:
    """The space that the arms are tuned in; raises SpecError if it has mistakes."""
    study, _ = file.complete()
    if study.tune is None:
        return None
    space = TunedSpace(file, task, store, study.tune, arms)
    if mistakes := [*space.problems()]:
        raise SpecError(report(mistakes))
    return space


def _with_twins(
    study: Study, task: Task, every: ResolvedArms, file: ReadStudy, tell: Callable[[str], None]
) -> twins.Twins:
    """The arms with their twins; raises SpecError for widths, and for names of no twin."""
    result = twins.twins(study, task, every, file.places, tell)
    # Of twins that could not be fitted the names are not wrong too.
    wrong = result.problems
    if study.match and not wrong:
        wrong = label_checks.problems(study, file.places, result.twins, result.absent)
    if wrong:
        raise SpecError(report(wrong))
    return result


def _untimed(study: Study, task: Task, file: ReadStudy) -> Iterator[Problem]:
    """Problems of speeds among the columns of a task that times nothing."""
    times = type(task).workloads is not Task.workloads
    for number, name in enumerate(study.columns):
        if not times and name in study.catalogue and study.catalogue[name].kind == "speed":
            yield Problem(
                f"trials of {study.task} are not timed", file.places.value("columns", number)
            )


def check_inputs(plan: Plan, store: Store, *, absent: bool = True) -> None:
    """Refuse to start on files with which every trial would fail.

    Raises:
        SpecError: lists the problems.
    """
    # An arm whose trials are done reads no file.
    missing = [arm.arm for arm in plan.trained if arm.done < len(arm.trials)]
    if wrong := plan.task.input_problems(missing, plan.file.places, store, absent=absent):
        raise SpecError(report(wrong))


def _input_problems(
    task: Task, file: ReadStudy, mistakes: Sequence[Problem], store: Store
) -> Iterator[Problem]:
    """Problems with files that trials read, to be reported together with the other mistakes."""
    arms = file.study.arms if file.study else ()
    messages = {problem.message for problem in mistakes}
    for problem in task.input_problems(arms, file.places, store, absent=False):
        if problem.message not in messages:
            yield problem


def _costs(study: Study, planned: Sequence[PlannedArm]) -> dict[str, Mapping[str, float | None]]:
    """The costs of every row of the study, by each unique name of the row."""
    numbers = owners(study, [arm.arm for arm in planned])
    return {name: planned[number].cost_record.cost for name, number in numbers.items()}


def _with_trials(plan: Plan, arms: Sequence[ResolvedArm], store: Store) -> list[PlannedArm]:
    """The arms with their trials and the states of these in the store.

    Those that wait for the end of their tuning, or of the search, have none.
    """
    study, waiting = plan.study, _waiting(plan, arms)
    if plan.measured:
        return [PlannedArm(**vars(arm), trials=plan.measured.trials(arm)) for arm in arms]

    def planned(seeds: Callable[[str], int]) -> list[PlannedArm]:
        counts = {arm.digest: 0 if arm.digest in waiting else seeds(arm.digest) for arm in arms}
        names = {arm.digest: _names(study, arm, counts[arm.digest]) for arm in arms}
        # All at once, as a look at each result by itself takes ten times as long.
        endings = store.endings(n for own in names.values() for some in own for n in some.values())
        return [_planned(arm, names[arm.digest], store, endings) for arm in arms]

    limits = study.sequential
    if limits is None:
        return planned(lambda arm: len(study.seeds))
    fewest = planned(lambda arm: limits.min)
    # No comparison is looked at while one of its arms may still become another.
    if plan.proposing is not None and not plan.proposing.spent:
        return fewest
    counts = sequential.seeds_called_for(replace(plan, arms=tuple(fewest)), store)
    return planned(counts.__getitem__)


def _waiting(plan: Plan, arms: Sequence[ResolvedArm]) -> Collection[str]:
    """The digests of the arms that have no trials of their own yet."""
    # The baseline too, since its seeds would be trained for nothing if the search is given up.
    if plan.search and not plan.search.spent:
        return {arm.digest for arm in arms}
    return plan.tuning.waiting if plan.tuning else ()


def _names(study: Study, arm: ResolvedArm, seeds: int) -> tuple[dict[int, str], dict[int, str]]:
    """The trials of an arm's first seeds by seed, and those of the A/A arm beside it."""
    # Choices of all zeros are the baseline, the only arm that is repeated.
    again = study.aa_seeds[:seeds] if not any(arm.arm.choices) else ()
    own, beside = (
        {seed: f"{arm.digest}-{seed}" for seed in some} for some in (study.seeds[:seeds], again)
    )
    return own, beside


def _planned(
    arm: ResolvedArm,
    names: tuple[dict[int, str], dict[int, str]],
    store: Store,
    endings: Mapping[str, Ending],
) -> PlannedArm:
    """An arm with its trials."""
    own, beside = (stored_trials(some, arm.config, store, endings) for some in names)
    again = [replace(trial, is_aa=True) for trial in beside]
    return PlannedArm(**vars(arm), trials=(*own, *again))


def _sd(plan: Plan, store: Store) -> float:
    """`Plan.sd`, pooled over arms; NaN until an arm shares two seeds with the baseline."""
    base, *others = (_finished(arm, plan.tested, store) for arm in plan.arms)
    if not plan.paired:
        # A difference of two trials has twice the variance of one.
        return sqrt(2) * stats.pooled_sd([*v.values()] for v in (base, *others))
    return stats.pooled_sd([v[s] - base[s] for s in v.keys() & base.keys()] for v in others)


def _finished(arm: PlannedArm, metric: str, store: Store) -> dict[int, float]:
    """The values of a metric in an arm's completed trials, by seed."""
    done = {t.seed: ending_of(t, store) for t in arm.replicates if t.state == "completed"}
    values = {seed: result.metrics.get(metric) for seed, result in done.items() if result}
    return {seed: float(value) for seed, value in values.items() if value is not None}
