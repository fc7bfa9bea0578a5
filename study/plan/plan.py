"""Everything that is known about a study before anything runs: its arms, costs and trials."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan

from study.spec import given_weights
from study.spec.metric import Catalogue, sized
from study.spec.reader import ReadStudy
from study.spec.study import Arm, Study
from study.store import provenance
from study.store.cost_records import ArmCost
from study.store.records import Evaluation, ImageFingerprint, TrialConfig
from study.store.store import DONE


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
    def catalogue(self) -> Catalogue:
        """The metrics that the study may use, by name."""
        return self.study.catalogue

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
        return tuple(name for name in self.study.columns if self.catalogue[name].kind == "speed")

    @property
    def tested(self) -> str:
        """The first quality among the columns, which power is computed for; "" without one."""
        return next((n for n in self.study.columns if self.catalogue[n].kind == "quality"), "")

    @property
    def followed(self) -> str:
        """The quality that is followed while trials train: the tested one, at the training size."""
        first = (name for name, metric in self.catalogue.items() if metric.kind == "quality")
        return self.tested.partition("@")[0] or next(first, "")

    @property
    def sizes(self) -> tuple[int, ...]:
        """Further image sizes in pixels at which the trained weights are evaluated."""
        sizes = (sized(name)[1] for name in self.study.columns)
        return tuple(dict.fromkeys(size for size in sizes if size is not None))

    def lacks(self, evaluation: Evaluation | None, size: int) -> bool:
        """True if an evaluation at an image size has not all qualities that the columns ask for."""
        if evaluation is None or evaluation.refused:
            return evaluation is None
        wanted = {base for base, side in map(sized, self.study.columns) if side == size}
        return not wanted <= evaluation.metrics.keys()

    @property
    def key(self) -> str:
        """Key of the timing session of these arms and measurements."""
        # The resolution only judges ratios, so it does not call for a new session.
        how = self.study.timing.model_dump(include={"batch_size", "seconds"})
        return provenance.digest([[arm.digest for arm in self.arms], sorted(self.timed), how])
