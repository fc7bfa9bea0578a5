"""Everything that is known about a study before anything runs: its arms, costs and trials."""

from dataclasses import dataclass
from functools import cached_property
from html import escape
from math import nan
from typing import TYPE_CHECKING

from study import registries, tasks
from study.plan.measured.record import MeasuredResults
from study.spec.image_size import ImageSize
from study.spec.metric import Catalogue, sized
from study.spec.reader import ReadStudy
from study.spec.study import Study
from study.store import provenance
from study.store.job_records import Work
from study.store.records import Evaluation, TrialRecord
from study.tasks import Task
from study.tasks.arms import PlannedArm, Trial
from study.tune.search import Search
from study.tune.tuning import Tuning

if TYPE_CHECKING:
    import pandas as pd

EXECUTION = {"precision", "compile", "channels_last", "path"}
"""Keys of `timing` that say how models run."""
METHOD = 2
"""The way in which sessions are taken, in their keys; 1, without a number, is that of one build."""


@dataclass(frozen=True, repr=False)
class Plan:
    """A study's arms with their costs, and the trials that exist and are missing."""

    study: Study
    arms: tuple[PlannedArm, ...]
    task: Task
    file: ReadStudy
    """The study file that was read, with the positions of its keys, for messages."""
    notes: tuple[str, ...] = ()
    """Warnings about the study that are no mistakes."""
    sd: float = nan
    """Standard deviation over seeds of differences from the baseline in `tested`, so far."""
    tuning: Tuning | None = None
    """The tuning of the arms; None for a study that tunes nothing. While an arm is tuned, it has no
    trials of its own yet."""
    search: Search | None = None
    """The search that has chosen the arms; None for a study without one. While it goes on, the
    baseline is the only arm, and has no trials of its own yet."""
    measured: MeasuredResults | None = None
    """The results that the study takes from a file; None where trials are run."""

    # A frozen dataclass allows it, as the value goes into __dict__ directly.
    @cached_property
    def catalogue(self) -> Catalogue:
        """The metrics that the study may use, by name.

        Not those of plugins that it does not name: their code is in no name of a trial, so their
        stored values may be of another code.
        """
        unused = registries.names("metric") - self.study.used_names
        every = self.study.catalogue
        return Catalogue({k: m for k, m in every.items() if k not in unused}) if unused else every

    @property
    def paired(self) -> bool:
        """True if arms are compared seed by seed: no results of a file without seeds."""
        return self.measured is None or self.measured.paired

    @property
    def baseline(self) -> PlannedArm:
        return self.arms[0]

    @property
    def trained(self) -> list[PlannedArm]:
        """Everything that has trials: proposals first, then the arms."""
        beside = self.tuning.at_baseline if self.tuning else ()
        return [*(self.proposing.trials if self.proposing else ()), *self.arms, *beside]

    @property
    def proposing(self) -> Tuning | Search | None:
        """The tuning or the search, which proposes trials from the results of others."""
        return self.tuning or self.search

    @property
    def most_arms(self) -> int:
        """The number of arms that the study has, or may have once its search has ended."""
        if self.search and not self.search.spent:
            return 1 + self.search.rules.keep
        return len(self.arms)

    @property
    def trials(self) -> list[Trial]:
        # Two proposals may have the same values, and so one trial.
        return list({trial.name: trial for arm in self.trained for trial in arm.trials}.values())

    @property
    def reported(self) -> list[Trial]:
        """The trials that a report is made of: all but those of proposals."""
        every = self.proposing.trials if self.proposing else ()
        proposed = {arm.trials[0].name for arm in every}
        return [trial for trial in self.trials if trial.name not in proposed]

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

    @cached_property
    def sizes(self) -> tuple[ImageSize, ...]:
        """Further image sizes in pixels at which the trained weights are evaluated."""
        if self.measured:  # there are no weights
            return ()
        sizes = (sized(name)[1] for name in self.study.columns)
        return tuple(dict.fromkeys(size for size in sizes if size is not None))

    def lacks(self, evaluation: Evaluation | None, size: ImageSize) -> bool:
        """True if an evaluation at an image size has not all qualities that the columns ask for."""
        if evaluation is None or evaluation.refused:
            return evaluation is None
        wanted = {base for base, side in map(sized, self.study.columns) if side == size}
        return not wanted <= evaluation.metrics.keys()

    @property
    def frame(self) -> "pd.DataFrame":
        """One row per arm: its label, its level of every factor, its costs in base units, and its
        trials that are done and missing."""
        import pandas as pd

        study = self.study
        rows = [
            {
                "arm": arm.label,
                **{
                    factor.path: factor.levels[level].label
                    for factor, level in zip(study.factors, arm.arm.choices, strict=True)
                },
                **arm.cost_record.cost,
                "done": arm.done,
                "missing": len(arm.trials) - arm.done,
            }
            for arm in self.arms
        ]
        return pd.DataFrame(rows)

    def __repr__(self) -> str:
        counts = f"{len(self.arms)} arms, {len(self.trials)} trials, {len(self.missing)} missing"
        return f"Plan({self.study.title}: {counts})"

    def _repr_html_(self) -> str:
        return f"<p>{escape(self.study.question)}</p>{self.frame.to_html(index=False)}"

    @property
    def key(self) -> str:
        """Key of the timing session of these arms and measurements."""
        timing = self.study.timing
        how = {"method": METHOD, **timing.model_dump(include={"batch_size", "seconds"})}
        # Only where they are not the defaults, so that a later key leaves sessions where they are.
        how |= timing.model_dump(include={*EXECUTION, "resolution"}, exclude_defaults=True)
        arms = [arm.digest + self.task.timed_as(arm) for arm in self.arms]
        return provenance.digest([arms, sorted(self.timed), how])

    def work(self, *phases: str, **more: object) -> Work:
        """Work on this study, by workers that know its task and its metrics."""
        study = self.study
        # Workers import these before they look up the task, or plan the study again.
        needless = study.task in tasks.OURS and not study.grows
        sources = [] if needless else [plugin.source for plugin in study.plugins]
        known = [*study.catalogue]  # a trial reports them all
        whole = Work(phases=[*phases], task=study.task, sources=sources, known=known)
        if self.task.starts_processes:  # else the record is as earlier versions wrote it
            whole = whole.model_copy(update={"starts_processes": True})
        return whole.model_copy(update=more)

    def records(self) -> dict[str, TrialRecord]:
        """The records of missing trials by name: proposals, then the first seed of every arm."""
        missing = [(arm, trial) for arm in self.trained for trial in arm.trials if not trial.done]
        # Seed by seed, so that an interrupted study has complete rows of fewer seeds.
        missing.sort(key=lambda pair: pair[0].trials.index(pair[1]))
        records = {t.name: self.task.record(arm, t.seed, self.study) for arm, t in missing}
        # Without a rule no record differs from that of any other study.
        for name, rule in (self.search.stopping if self.search else {}).items():
            if name in records:
                records[name] = records[name].model_copy(update={"stopping": rule})
        return records
