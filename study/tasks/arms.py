"""The arms of a study once its task has resolved them: named, with their full configuration."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from study.spec.configurations import Configurations
from study.spec.image_size import ImageSize
from study.spec.places import Places
from study.spec.problems import Problem
from study.spec.study import Arm, Study
from study.store.cost_records import ArmCost
from study.store.endings import Ending
from study.store.records import ImageFingerprint, Result, TrialConfig
from study.store.states import DONE
from study.store.store import Store, agree


@dataclass(frozen=True)
class ResolvedArm:
    """An arm without problems, and its configuration with all defaults filled in."""

    arm: Arm
    label: str
    digest: str
    config: TrialConfig
    cost_record: ArmCost
    epochs: int = 1
    """Steps of a trial whose progress is shown."""
    evaluates_given_weights: bool = False
    """True where given weights are evaluated and nothing is trained; seeds change nothing."""
    starts_from: str = ""
    """The finished trial whose weights the trials start from, or ""."""


def duplicates(arms: Sequence[ResolvedArm], places: Places) -> list[Problem]:
    """Problems of arms with the same digest, whose difference would be exactly 0."""
    first = dict[str, ResolvedArm]()
    return [
        Problem(
            f"{arm.label} computes the same as {other.label}", places.last_level(arm.arm.choices)
        )
        for arm in arms
        if (other := first.setdefault(arm.digest, arm)) is not arm
    ]


def wrong_together(study: Study, configurations: Configurations) -> list[Problem]:
    """Problems of arms whose levels are right alone and wrong together."""
    return [
        problem
        for arm in study.arms
        if arm.config.unresolved
        for problem in configurations.problems(arm.choices, arm.values)
    ]


@dataclass(frozen=True)
class Width:
    """The width of an arm: an argument of one number, or of several that are scaled together."""

    path: str
    """The argument, such as `model.dims`."""
    values: tuple[float, ...]
    divisors: tuple[int, ...]
    """By value, a number that divides it, such as that of attention's heads."""
    several: bool
    """True for a list, also of one number."""

    def written(self, values: Sequence[float]) -> object:
        """Other values as the argument takes them."""
        return list(values) if self.several else values[0]


@dataclass(frozen=True)
class Facts:
    """Facts about the trials of an arm; None where the task has no such thing."""

    # Those of `schema.Protocol`, by which a published number is compared with ours.
    model: str | None = None
    data: str | None = None
    img_size: ImageSize | None = None
    recipe: str | None = None
    epochs: int | None = None
    batch_size: int | None = None
    """Images in one update of the weights."""
    # Those that timm's tables have beside them.
    architecture: str | None = None
    """The name of the model without the arguments that the study gives it."""
    step_images: int | None = None
    """Images in one step, of which an update may take several."""
    crop_pct: float | None = None
    interpolation: str | None = None


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
    imported: Result | None = field(default=None, repr=False)
    """The result that the study takes from a file of results; the store has none then."""
    ending: Ending | None = field(default=None, repr=False, compare=False)
    """The result that the store had when the trial was planned."""

    @property
    def done(self) -> bool:
        return self.state in DONE


def stored_trial(name: str, seed: int, config: TrialConfig, store: Store) -> Trial:
    """A trial with its state in the store.

    Raises:
        StoreError: its result was computed from another configuration than today's.
    """
    return stored_trials({seed: name}, config, store, store.endings([name]))[0]


def stored_trials(
    names: Mapping[int, str], config: TrialConfig, store: Store, endings: Mapping[str, Ending]
) -> list[Trial]:
    """The trials of an arm by seed, with their states in the store, which has these results.

    Raises:
        StoreError: one of the results was computed from another configuration than today's.
    """
    results = {name: endings[name] for name in names.values() if name in endings}
    # Most have one configuration, which the store has parsed once.
    different = {id(ending.config): ending for ending in reversed(results.values())}
    for ending in different.values():
        # A result of another configuration would stand in the table as this arm's.
        agree(ending.trial, ending.config, config, store.trial(ending.trial))
    return [
        _finished(seed, results[name]) if name in results else _unfinished(name, seed, store)
        for seed, name in names.items()
    ]


def _finished(seed: int, ending: Ending) -> Trial:
    code = ending.environment.computing
    return Trial(
        ending.trial, seed, ending.state, code, images=ending.images or None, ending=ending
    )


def _unfinished(name: str, seed: int, store: Store) -> Trial:
    if not store.trial(name).exists():  # one look instead of four, for studies that are new
        return Trial(name, seed, "pending")
    return Trial(name, seed, store.state(name), images=store.began(name))


def result_of(trial: Trial, store: Store) -> Result | None:
    """The result of a trial: that of a file of results, else the store's."""
    return trial.imported or store.result(trial.name)


def ending_of(trial: Trial, store: Store) -> Result | Ending | None:
    """The result of a trial as far as tables need it: without its epochs, and read once."""
    return trial.imported or trial.ending or store.result(trial.name)


@dataclass(frozen=True)
class PlannedArm(ResolvedArm):
    """A resolved arm with its trials."""

    trials: tuple[Trial, ...] = ()
    """All trials of this configuration; those of the A/A arm come last in the baseline."""

    @property
    def replicates(self) -> tuple[Trial, ...]:
        """The trials that measure the arm: all but those of the A/A arm."""
        return tuple(trial for trial in self.trials if not trial.is_aa)

    @property
    def diverged_seeds(self) -> tuple[int, ...]:
        """The seeds of the trials that diverged; an arm with one has no mean."""
        # A/A trials are no replicates: one that diverges costs the noise floor, not the mean.
        return tuple(trial.seed for trial in self.replicates if trial.state == "diverged")

    @property
    def done(self) -> int:
        return sum(trial.done for trial in self.trials)


@dataclass(frozen=True)
class ResolvedArms:
    """The arms of a study in the order of its designs, and what is wrong with the others."""

    arms: Sequence[ResolvedArm]
    problems: Sequence[Problem] = ()
    notes: Sequence[str] = ()
    """Warnings about arms that are no mistakes."""
    cost: Callable[[Arm], ArmCost] = field(default=lambda arm: ArmCost())
    """The cost of any arm, also of one that no design has; raises StudyError."""
    resolve: Callable[[Arm], ResolvedArm] | None = None
    """Any arm of the study, with its cost, resolved; raises StudyError."""
