"""The marks of the figure of levels: seeds, means, costs, and states of arms without a mean."""

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from study.plan.plan import Plan
from study.report.contents import Report
from study.report.figures.report_figure import frame
from study.report.figures.states import costs, drawn_qualities, state
from study.stats import MetricValue, of_arm, of_metric, typed_rows
from study.tasks.arms import PlannedArm


class LevelMark(NamedTuple):
    """A row of the figure's data."""

    level: str
    metric: str
    what: str
    seed: int
    value: float
    low: float
    high: float


def points(report: Report, factor: int) -> pd.DataFrame:
    """One row per mark, in the units of the table; levels are in the order of the study file.

    `what` is cost, seed, mean (with its 95 % interval), or the state of an arm without a mean.
    """
    plan, measured = report.plan, report.analysis.measurements
    chosen = plan.study.factors[factor].levels
    # An arm that departs in another factor too would mix the effects of both.
    alone = (arm for arm in plan.arms if set(arm.arm.changed_factors) <= {factor})
    arms = [arm for arm in alone if not arm.arm.is_twin]
    rows = [
        {"level": chosen[arm.arm.choices[factor]].label, "metric": name, **record}
        for arm in sorted(arms, key=lambda arm: arm.arm.choices[factor])
        for name in _drawn_metrics(plan, measured)
        for record in RECORDS[plan.catalogue[name].kind](
            report, arm, typed_rows(of_metric(of_arm(measured, arm.digest), name), MetricValue)
        )
    ]
    return frame(rows, plan.catalogue, "level")


def _drawn_metrics(plan: Plan, measured: pd.DataFrame) -> list[str]:
    """The study's first quality and its first count of operations, without unmeasured ones."""
    available = {row.metric for row in typed_rows(measured.dropna(subset="value"), MetricValue)}
    # Where no column is a cost, multiply-adds are drawn, if they were counted.
    ordered = drawn_qualities(plan), costs(plan) or ["macs"]
    candidates = (next((n for n in names if n in available), None) for names in ordered)
    return [name for name in candidates if name]


def _cost_records(
    report: Report, arm: PlannedArm, rows: list[MetricValue]
) -> Iterator[dict[str, object]]:
    for row in rows:
        yield {"what": "cost", "value": row.value}


def _quality_records(
    report: Report, arm: PlannedArm, rows: list[MetricValue]
) -> Iterator[dict[str, object]]:
    if not rows or arm.digest in report.analysis.diverged:  # a seed that diverged has no number
        yield {"what": state(arm) or "missing"}
        return
    # Images, not seeds, are the sample of given weights.
    for row in () if report.analysis.hits.of(rows[0].metric) else rows:
        yield {"what": "seed", "seed": row.seed, "value": row.value}
    mean = report.analysis.means[arm.digest, rows[0].metric]
    yield {"what": "mean", "value": mean.mean, "low": mean.low, "high": mean.high}


RECORDS = {"quality": _quality_records, "cost": _cost_records}
