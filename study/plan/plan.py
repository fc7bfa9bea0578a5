"""Everything that is known about a study before anything runs.

Every arm is built on the meta device, counted and named. The store keeps the counts as the arm's
cost, so that a second plan imports no torch.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import nan

from study import stats
from study.errors import SpecError
from study.metrics import METRICS, sized
from study.plan import checks, image_changes, image_summaries, images, label_checks, pairing
from study.plan.arms import ResolvedArm, arms
from study.plan.costs import CostRecords
from study.spec import given_weights
from study.spec.arm_names import owners
from study.spec.places import Places
from study.spec.problems import Location, Problem, report
from study.spec.reader import ReadStudy
from study.spec.schema import Data
from study.spec.study import Arm, Study
from study.store import provenance
from study.store import store as stores
from study.store.cost_records import ArmCost
from study.store.records import ImageFingerprint, ModelConfig, TrialConfig
from study.store.store import DONE, Store


@dataclass(frozen=True)
class Trial:
    """One arm run once with one seed."""

    name: str
    seed: int
    state: str
    code: str | None = None
    """Digest of the code that computed the result; old results have none."""
    is_aa: bool = False
    """True for a trial of the A/A arm: the baseline with a seed that is not the study's."""
    images: Mapping[str, ImageFingerprint] | None = None
    """Fingerprints of the images of the result, by split; old results have none."""

    @property
    def done(self) -> bool:
        return self.state in DONE


@dataclass(frozen=True)
class PlannedArm:
    """An arm with its name, its full configuration, its cost and its trials."""

    arm: Arm
    label: str
    digest: str
    config: TrialConfig
    cost_record: ArmCost
    trials: tuple[Trial, ...]
    """All trials of this configuration; those of the A/A arm come last in the baseline."""

    @property
    def replicates(self) -> tuple[Trial, ...]:
        """The trials that measure the arm: all but those of the A/A arm."""
        return tuple(trial for trial in self.trials if not trial.is_aa)

    @property
    def done(self) -> int:
        return sum(trial.done for trial in self.trials)

    @property
    def evaluates_given_weights(self) -> bool:
        """True where given weights are evaluated and nothing is trained; seeds change nothing."""
        config = self.arm.config
        return given_weights.has_given_weights(config.arguments) and not config.recipe.total_epochs


@dataclass(frozen=True)
class Plan:
    """A study's arms with their costs, and the trials that exist and are missing."""

    study: Study
    arms: tuple[PlannedArm, ...]
    file: ReadStudy
    """The study file that was read, with the positions of its keys, for messages."""
    notes: tuple[str, ...] = ()
    """Warnings about the study that are no mistakes."""
    sd: float = nan
    """Standard deviation over seeds of differences from the baseline in `tested`, so far."""

    @property
    def baseline(self) -> PlannedArm:
        return self.arms[0]

    @property
    def trials(self) -> list[Trial]:
        return [trial for arm in self.arms for trial in arm.trials]

    @property
    def evaluates_given_weights(self) -> bool:
        """True where every arm evaluates given weights: images are the sample, not seeds."""
        return all(arm.evaluates_given_weights for arm in self.arms)

    @property
    def missing(self) -> list[Trial]:
        return [trial for trial in self.trials if not trial.done]

    @property
    def timed(self) -> tuple[str, ...]:
        """The columns that a timing session fills."""
        return tuple(name for name in self.study.columns if METRICS[name].kind == "speed")

    @property
    def tested(self) -> str:
        """The first quality among the columns, which power is computed for; "" without one."""
        return next((n for n in self.study.columns if METRICS[n].kind == "quality"), "")

    @property
    def sizes(self) -> tuple[int, ...]:
        """Further image sizes in pixels at which the trained weights are evaluated."""
        sizes = (sized(name)[1] for name in self.study.columns)
        return tuple(dict.fromkeys(size for size in sizes if size is not None))

    @property
    def key(self) -> str:
        """Key of the timing session of these arms and measurements."""
        # The resolution only judges ratios, so it does not call for a new session.
        how = self.study.timing.model_dump(include={"batch_size", "seconds"})
        return provenance.digest([[arm.digest for arm in self.arms], sorted(self.timed), how])


def plan(file: ReadStudy, store: Store) -> Plan:
    """Build and count the study's arms, and look up their trials in the store.

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
    every = arms(study, configurations, CostRecords(store))
    level_problems, notes = checks.problems(every)
    if mistakes := [*every.problems, *level_problems]:
        raise SpecError(report([*mistakes, *_image_problems(study, places, mistakes, store)]))
    planned = [_planned(study, arm, store) for arm in every.resolved]
    notes += [
        *pairing.notes(every),
        *_stale(planned, store),
        *_code_notes(planned),
        *image_changes.changes(_results(planned, done=True), store),
        *image_changes.interrupted(_results(planned, done=False), store),
        *label_checks.units(study, places, _costs(study, planned)),
    ]
    complete = Plan(study, tuple(planned), file, tuple(notes))
    return replace(complete, sd=_sd(complete, store))


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


def _stale(planned: Iterable[PlannedArm], store: Store) -> Iterator[str]:
    """A note for each arm with results that earlier plugin code computed."""
    own = {
        arm.label: _anonymous(arm.config) for arm in planned if arm.config.model.code is not None
    }
    trials = {arm.label: {trial.name for trial in arm.trials} for arm in planned}
    results = ((name, store.result(name)) for name in (store.results() if own else ()))
    stored = {name: result.config for name, result in results if result}
    for label, config in own.items():
        # The digest of the user's code is part of a trial's name, so earlier code has other names.
        names = {name for name, other in stored.items() if _anonymous(other) == config}
        if old := names - trials[label]:
            count = "1 stored result is" if len(old) == 1 else f"{len(old)} stored results are"
            yield f"{label}: {count} stale, computed by other code than today's"


def _code_notes(planned: Iterable[PlannedArm]) -> Iterator[str]:
    """A note if the results were computed by different states of the code."""
    # Results of early versions have no digest of the code and are not compared.
    codes = Counter(t.code for arm in planned for t in arm.trials if t.done and t.code)
    if len(codes) > 1:
        counts = ", ".join(str(count) for _, count in codes.most_common())
        yield (
            f"the results come from {len(codes)} states of the code that computes them "
            f"({counts} trials); each result.json names its commit"
        )


def _results(planned: Iterable[PlannedArm], *, done: bool) -> Iterator[image_changes.ImagesOfTrial]:
    """The finished or the unfinished trials, with the fingerprints of their images."""
    some = ((arm, trial) for arm in planned for trial in arm.trials if trial.done == done)
    return (
        image_changes.ImagesOfTrial(t.name, a.label, a.arm.config.data, t.images) for a, t in some
    )


def _anonymous(config: TrialConfig) -> TrialConfig:
    """A configuration without the digests of plugin code."""
    model = ModelConfig(name=config.model.name, arguments=config.model.arguments)
    return TrialConfig(model=model, data=config.data, recipe=config.recipe)


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
