"""The statistics of a plan's measurements, arm by arm, in base units."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from study import format, stats
from study.metrics import METRICS
from study.plan.plan import Plan, PlannedArm
from study.spec.arm_names import qualified
from study.spec.study import PublishedNumber
from study.store.timing_records import RatioRecord

Key = tuple[str, str]


@dataclass(frozen=True)
class Analysis:
    """All statistics that a study's table and its notes need, computed once."""

    plan: Plan
    estimates: Mapping[Key, stats.Estimate]
    """Rows of `stats.estimates` by (arm, metric)."""
    effects: Mapping[Key, stats.Effect]
    """Rows of `stats.effects`, the differences from the baseline, by (arm, metric)."""
    pairing: list[stats.Pairing]
    step_orders: list[stats.StepOrder]
    noise: Mapping[str, stats.NoiseFloor]
    """Rows of `stats.noise_floor` by metric."""
    leaders: Mapping[str, str]
    """The clearly best arm by metric; metrics without one are absent."""
    tied: frozenset[Key]
    """Pairs (arm, metric) that are not distinguishable from the best."""
    diverged: frozenset[str]
    """Digests of arms with a diverged trial."""
    ratios: Mapping[Key, RatioRecord]
    """Speed ratios to the baseline by (arm, metric), with their intervals."""
    rounds: int
    """Number of rounds of the timing session."""
    disturbed: float
    """Share of timing rounds in which other processes used the CPUs."""
    timed_on: str
    """Machine and settings of the timing session, as text."""
    refused: Mapping[str, list[str]]
    """Reasons for missing measurements, by arm."""
    store: str
    """Path of the store, or "" at its default place."""

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


def analyse(plan: Plan, frame: pd.DataFrame) -> Analysis:
    # A/A trials are no replicates: one that diverges costs the noise floor, not the mean.
    diverged = frozenset(
        arm.digest for arm in plan.arms if any(t.state == "diverged" for t in arm.replicates)
    )
    # The seeds that did not diverge would flatter an arm of which others did: all become NaN.
    no_mean = frame["seed"].notna() & frame["arm"].isin(diverged)
    attrs, frame = frame.attrs, frame.assign(value=frame["value"].mask(no_mean))
    frame.attrs = {}  # pandas copies them into every part of a frame
    ties = {name: _ties(frame, name) for name in plan.study.columns}
    # An arm that others are tied with is marked as tied, never printed in bold.
    leaders = {name: None if ties[name] else _leader(frame, name) for name in plan.study.columns}
    choices = {arm.digest: arm.arm.choices for arm in plan.arms}
    estimates = stats.typed_rows(stats.estimates(frame), stats.Estimate)
    effects = stats.typed_rows(stats.effects(frame, plan.baseline.digest), stats.Effect)
    return Analysis(
        plan,
        estimates={(row.arm, row.metric): row for row in estimates},
        effects={(row.arm, row.metric): row for row in effects},
        pairing=stats.typed_rows(stats.pairing(frame, plan.baseline.digest), stats.Pairing),
        step_orders=stats.typed_rows(stats.step_orders(frame, choices), stats.StepOrder),
        noise={row.metric: row for row in attrs.get("noise", ())},
        leaders={name: arm for name, arm in leaders.items() if arm},
        tied=frozenset((arm, name) for name, arms in ties.items() for arm in arms),
        diverged=diverged,
        ratios=attrs.get("ratios", {}),
        rounds=int(attrs.get("rounds", 0)),
        disturbed=float(attrs.get("disturbed", 0.0)),
        timed_on=str(attrs.get("timed_on", "")),
        refused=attrs.get("refused", {}),
        store=str(attrs.get("store", "")),
    )


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
