"""Everything that follows from a plan's results: each part is computed once, when first read."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path

import pandas as pd

from study import format, stats
from study.analysis import frames, history, per_image, published
from study.analysis import trials as trial_rows
from study.analysis.claims import EvaluatedClaim
from study.analysis.measurements import timing_session
from study.analysis.published import Assessment
from study.analysis.quantities import SpeedRatios
from study.metrics import METRICS
from study.plan.plan import Plan, PlannedArm
from study.spec.arm_names import qualified
from study.spec.study import PublishedNumber
from study.store.store import Store
from study.store.timing_records import TimingSession

Key = tuple[str, str]
"""An arm, by its digest, and a metric."""


@dataclass(frozen=True, eq=False)
class Analysis:
    """The statistics of a study, from the results that the store had when each was first read."""

    plan: Plan
    store: Store

    # ---- what was measured ----

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
        resolution = self.plan.study.timing.resolution
        return frames.speeds(self.measurements, self.ratios, resolution)

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

    # ---- statistics ----

    @cached_property
    def diverged(self) -> frozenset[str]:
        """Digests of arms with a diverged trial."""
        # A/A trials are no replicates: one that diverges costs the noise floor, not the mean.
        return frozenset(
            arm.digest
            for arm in self.plan.arms
            if any(trial.state == "diverged" for trial in arm.replicates)
        )

    @cached_property
    def _means(self) -> pd.DataFrame:
        """The measurements with all seeds of a diverged arm as NaN."""
        # The seeds that did not diverge would flatter an arm of which others did.
        rows = self.measurements
        no_mean = rows["seed"].notna() & rows["arm"].isin(self.diverged)
        return rows.assign(value=rows["value"].mask(no_mean))

    @cached_property
    def estimates(self) -> Mapping[Key, stats.Estimate]:
        """Means with their spread by (arm, metric)."""
        rows = stats.typed_rows(stats.estimates(self._means), stats.Estimate)
        return {(row.arm, row.metric): row for row in rows}

    @cached_property
    def effects(self) -> Mapping[Key, stats.Effect]:
        """Differences from the baseline by (arm, metric)."""
        rows = stats.effects(self._means, self.plan.baseline.digest)
        return {(row.arm, row.metric): row for row in stats.typed_rows(rows, stats.Effect)}

    @cached_property
    def effect_rows(self) -> pd.DataFrame:
        """The differences of the seeds that did not diverge, as rows."""
        return stats.effects(self.measurements, self.plan.baseline.digest)

    @cached_property
    def pairing(self) -> list[stats.Pairing]:
        rows = stats.pairing(self._means, self.plan.baseline.digest)
        return stats.typed_rows(rows, stats.Pairing)

    @cached_property
    def step_orders(self) -> list[stats.StepOrder]:
        return stats.typed_rows(stats.step_orders(self._means, self._choices), stats.StepOrder)

    @cached_property
    def factorial(self) -> list[stats.FactorialEffect]:
        """Main effects and interactions of every quality; empty unless the study is factorial."""
        if not _combines_all_levels(self.plan):
            return []
        effects = stats.factorial(self.measurements, self._choices)
        return stats.typed_rows(effects, stats.FactorialEffect)

    @property
    def _choices(self) -> dict[str, tuple[int, ...]]:
        return {arm.digest: arm.arm.choices for arm in self.plan.arms}

    @cached_property
    def noise(self) -> Mapping[str, stats.NoiseFloor]:
        """The noise floor of every metric that the A/A arm was measured in."""
        rows = frames.noise(self.plan, self.store, self.measurements)
        return {row.metric: row for row in rows}

    def noise_range(self, metric: str) -> tuple[float, float] | None:
        """The range of the difference of two equal arms in 95 % of studies, in base units.

        None without an A/A arm, or if a trial diverged or nothing varies.
        """
        row = self.noise.get(metric)
        # NaN is unequal to itself.
        known = row is not None and row.floor == row.floor
        return (-float(row.floor), float(row.floor)) if row and known else None

    @cached_property
    def _ties(self) -> Mapping[str, frozenset[str]]:
        return {name: _ties(self._means, name) for name in self.plan.study.columns}

    @cached_property
    def leaders(self) -> Mapping[str, str]:
        """The clearly best arm by metric; metrics without one are absent."""
        # An arm that others are tied with is marked as tied, never printed in bold.
        leaders = {
            name: _leader(self._means, name) for name, arms in self._ties.items() if not arms
        }
        return {name: arm for name, arm in leaders.items() if arm}

    @cached_property
    def tied(self) -> frozenset[Key]:
        """Pairs (arm, metric) that are not distinguishable from the best."""
        return frozenset((arm, name) for name, arms in self._ties.items() for arm in arms)

    # ---- tests, claims and published numbers ----

    @cached_property
    def declared(self) -> list[stats.Contrast]:
        """The comparisons of quality that the study declared in advance."""
        return published.contrasts(self.plan)

    @cached_property
    def tests(self) -> int:
        """Number of tests in the family that Holm's method corrects: claims and contrasts."""
        return published.family_size(self.plan, self.ratios)

    @cached_property
    def contrasts(self) -> list[stats.TestedContrast]:
        """The declared comparisons, tested and corrected as one family with the claims."""
        others = self.tests - len(self.declared)
        rows = stats.contrasts(self.measurements, self.declared, other_tests=others)
        return stats.typed_rows(rows, stats.TestedContrast)

    @cached_property
    def different(self) -> frozenset[str]:
        """Arms whose test against the baseline, corrected for all arms, finds a difference."""
        base, name = self.plan.baseline.digest, self.plan.tested
        pairs = [stats.Contrast(arm.digest, base, name) for arm in self.plan.arms[1:]]
        # Arms without a result are included: a test that cannot be made yet counts, too.
        tests = stats.contrasts(self.measurements, pairs)
        rows = stats.typed_rows(tests, stats.TestedContrast)
        return frozenset(row.arm for row in rows if row.t_holm < stats.ALPHA)

    @cached_property
    def claims(self) -> tuple[EvaluatedClaim, ...]:
        """The claims of the study, evaluated and corrected as one family."""
        return published.evaluated_claims(self.plan, self.measurements, self.ratios)

    @cached_property
    def assessment(self) -> Assessment:
        """The published numbers beside the measured ones."""
        return published.assess(self.plan, self.measurements, self.ratios, self.store)

    # ---- what the study asks for ----

    @property
    def store_option(self) -> str:
        """Path of the store for --store in a command, or "" at its default place."""
        return "" if self.store.root == Path("results") else str(self.store.root)

    @property
    def metrics(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.plan.study.columns))

    @property
    def seeds(self) -> int:
        return len(self.plan.study.seeds)

    def of_kind(self, kind: str) -> list[str]:
        return [name for name in self.metrics if METRICS[name].kind == kind]

    def published(self, label: str, arm: PlannedArm, metric: str) -> PublishedNumber | None:
        """The published number of an arm: that of this label first, else of another label."""
        rows = self.plan.study.published
        study, choices = self.plan.study, arm.arm.choices
        # A paper's row may stand under any label of the arm: a baseline has one per factor.
        names = [label, *study.labels(choices), qualified(study, choices)]
        numbers = (rows.get(name, {}).get(metric) for name in names)
        return next((printed for printed in numbers if printed), None)

    def printed(self, metric: str) -> list[PublishedNumber]:
        """All published numbers of a metric."""
        return [row[metric] for row in self.plan.study.published.values() if metric in row]


def _leader(frame: pd.DataFrame, name: str) -> str | None:
    """The arm to print in bold, or None; counts are compared as they are printed."""
    metric = METRICS[name]
    if metric.exact:
        frame = stats.of_metric(frame, name)
        frame = frame.assign(value=[format.rounded(value, metric) for value in frame["value"]])
    # Costs that print alike are not told apart: bold must be explicable from the table itself.
    best = stats.leader(frame, name, higher=metric.better == "higher", exact=metric.exact)
    return best.arm if best.clear else None


def _ties(frame: pd.DataFrame, name: str) -> frozenset[str]:
    """The arms that are not distinguishable from the best; only a quality has replicates."""
    metric = METRICS[name]
    higher = metric.better == "higher"
    return stats.ties(frame, name, higher=higher) if metric.kind == "quality" else frozenset()


def _combines_all_levels(plan: Plan) -> bool:
    """True if the arms are all combinations of the levels of several factors."""
    whole = set(product(*(range(len(factor.levels)) for factor in plan.study.factors)))
    chosen = {arm.arm.choices for arm in plan.arms}
    # Without seeds nothing is trained, and a single factor has no interactions.
    return len(plan.study.factors) > 1 and chosen == whole and bool(plan.study.seeds)
