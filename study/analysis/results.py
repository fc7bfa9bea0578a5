"""The results of a plan, as frames and facts; each is read from the store once."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from study import stats
from study.analysis import frames, history, image_hits, per_image
from study.analysis import trials as trial_rows
from study.analysis.divergences import Divergence, divergences
from study.analysis.image_hits import ImageHits
from study.analysis.measurements import timing_session
from study.analysis.outcomes import Outcomes, outcomes
from study.analysis.quantities import SpeedRatios
from study.plan import sequential
from study.plan.plan import Plan
from study.spec.metric import Catalogue
from study.store.store import Store
from study.store.timing_records import TimingSession


@dataclass(frozen=True, eq=False)
class Results:
    """Everything that the trials and the timing session of a plan have measured."""

    plan: Plan
    store: Store

    @property
    def catalogue(self) -> Catalogue:
        """The metrics that the study may use, by name."""
        return self.plan.catalogue

    @cached_property
    def inference(self) -> stats.Inference:
        """How intervals and tests are taken from the values of seeds."""
        return sequential.inference(self.plan)

    @cached_property
    def decisions(self) -> Mapping[stats.Contrast, stats.Decision]:
        """The states of the declared comparisons, where seeds are added until they are decided."""
        return sequential.decisions(self.plan, self.store) if self.plan.study.sequential else {}

    @property
    def metrics(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.plan.study.columns))

    @property
    def seeds(self) -> int:
        return len(self.plan.study.seeds)

    def of_kind(self, kind: str) -> list[str]:
        return [name for name in self.metrics if self.catalogue[name].kind == kind]

    @cached_property
    def measurements(self) -> pd.DataFrame:
        """One row per (arm, seed, metric) in base units; see `frames.frame`."""
        return frames.frame(self.plan, self.store)

    @cached_property
    def session(self) -> TimingSession:
        return timing_session(self.plan, self.store)

    @property
    def timed_on(self) -> str:
        """Machine and settings of the timing session, as text."""
        return frames.machine(self.session)

    @property
    def rounds(self) -> int:
        """Number of rounds of the timing session."""
        return int(self.session.how.rounds or 0)

    @property
    def disturbed(self) -> float:
        """Share of timing rounds in which other processes used the CPUs."""
        return float(self.session.how.disturbed or 0.0)

    @property
    def builds(self) -> int:
        """How often the timing session built all models; 0 for one of an earlier version."""
        return self.session.how.builds

    @cached_property
    def ratios(self) -> SpeedRatios:
        """Speed ratios to the baseline, with their intervals."""
        every = {
            (arm, metric): spread.ratio
            for arm, spreads in self.session.arms.items()
            for metric, spread in spreads.items()
            if spread.ratio
        }
        return SpeedRatios(self.plan.baseline.digest, every)

    @cached_property
    def speeds(self) -> pd.DataFrame:
        """The timed measurements with their ratios to the baseline; see `frames.speeds`."""
        return frames.speeds(self.plan, self.measurements, self.ratios)

    @cached_property
    def refused(self) -> Mapping[str, list[str]]:
        """Reasons for missing measurements, by arm."""
        return {
            arm.digest: frames.refused(self.plan, self.store, arm, self.session)
            for arm in self.plan.arms
        }

    @cached_property
    def images(self) -> pd.DataFrame:
        """Per-image comparison of every arm with the baseline; see `per_image.images`."""
        return per_image.images(self.plan, self.store)

    @cached_property
    def hits(self) -> ImageHits:
        """Images that arms with given weights get right; see `image_hits.image_hits`."""
        return image_hits.image_hits(self.plan, self.store)

    @cached_property
    def outcomes(self) -> Outcomes:
        """Images that every trial gets right, where predictions are kept."""
        return outcomes(self.plan, self.store)

    @cached_property
    def curves(self) -> pd.DataFrame:
        """Learning curves; see `history.curves`."""
        return history.curves(self.plan, self.store)

    @cached_property
    def trials(self) -> pd.DataFrame:
        """One row per trial; see `trials.trials`."""
        return trial_rows.trials(self.plan, self.store)

    @cached_property
    def origins(self) -> dict[str, list[str]]:
        """Provenance: each item of the environment (commit, device ...) and all its values."""
        return trial_rows.origins(self.plan, self.store)

    @cached_property
    def diverged(self) -> frozenset[str]:
        """Digests of arms with a diverged trial."""
        return frozenset(arm.digest for arm in self.plan.arms if arm.diverged_seeds)

    @cached_property
    def divergences(self) -> Mapping[str, Divergence]:
        """How many seeds of each arm diverged, by arm; arms of which none did are absent.

        It stands apart from quality: no interval, test, claim or verdict about a quality is decided
        by a seed that diverged.
        """
        return divergences(self.plan)

    @property
    def store_option(self) -> str:
        """Path of the store for --store in a command, or "" at its default place."""
        return "" if self.store.root == Path("results") else str(self.store.root)
