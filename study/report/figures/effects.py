"""Figure of effects: each arm's difference from the baseline, seed by seed, with its interval."""

from collections.abc import Iterator

import pandas as pd

from study import stats
from study.plan.plan import Plan
from study.report.blocks import arm_blocks
from study.report.contents import Report
from study.report.figures import row_layout
from study.report.figures.forest import FLOOR, MEAN, SEED, ForestPlot, figures
from study.report.figures.report_figure import ReportFigure, frame
from study.report.figures.states import state
from study.report.table import plain
from study.report.text import pairing
from study.spec.metric import sized
from study.tasks.arms import PlannedArm

INSTEAD = {"cumulative", "fractional"}
"""Designs with a figure of their own, since no arm of theirs differs in one factor alone."""


def effects(report: Report) -> Iterator[ReportFigure]:
    """One row per arm in blocks by factor, one panel per quality.

    A quality at other image sizes has a curve over the size instead.
    """
    plan = report.plan
    if len(plan.study.designs) == 1 and plan.study.designs.keys() <= INSTEAD:
        return
    pair = "paired by image" if plan.evaluates_given_weights else pairing.clause(plan)
    names = report.analysis.of_kind("quality")
    # If every quality has a size there is no other way to see the effects.
    unsized = [name for name in names if sized(name)[1] is None]
    forest = ForestPlot(
        "effects",
        row_layout.arm_lines(plan, baseline=False),
        points(report),
        "arm",
        unsized or names,
        f"Differences from {plain(plan.baseline.label)}, {pair}.",
        {arm.digest: state(arm) for arm in plan.arms},
        _zero(plan),
    )
    yield from figures(report, forest)


def _zero(plan: Plan) -> str:
    """The baseline by its level of each factor, where a block has arms of several factors."""
    if all(len(arm.arm.changed_factors) < 2 for arm in plan.arms):
        return ""
    levels = ", ".join(factor.levels[0].label for factor in plan.study.factors)
    return f"{plan.study.baseline_title} ({levels})"


def points(report: Report) -> pd.DataFrame:
    """One row per mark; `what` is its kind.

    Kinds are seed, mean (of `n` seeds, with its interval), noise floor, or the state of an arm
    that has no difference.
    """
    plan, measured, records = report.plan, report.analysis.measurements, list[dict[str, object]]()
    for name in report.analysis.of_kind("quality"):
        records += _floor(report, name)
        part = stats.of_metric(measured, name)
        for head, members, _ in arm_blocks(plan):
            for label, arm in members:
                if arm is not plan.baseline:
                    keys = {"block": head, "label": label, "arm": arm.digest, "metric": name}
                    records += [{**keys, **record} for record in _records(report, part, arm)]
    return frame(records, plan.catalogue, "block", "label", "arm", "n").astype({"n": "Int64"})


def _records(report: Report, part: pd.DataFrame, arm: PlannedArm) -> Iterator[dict[str, object]]:
    """The marks of one arm and metric; none if one seed diverged."""
    plan = report.plan
    own, base = (
        stats.of_arm(part, digest).set_index("seed")["value"]
        for digest in (arm.digest, plan.baseline.digest)
    )
    pairs = (own - base).reindex(own.index.intersection(base.index))
    if pairs.empty or pairs.isna().any():
        yield {"what": _why(plan, arm)}
        return
    name, analysis = str(part["metric"].iloc[0]), report.analysis
    # Images, not seeds, are the sample of given weights: the seed would be the mean once more.
    # Replicates without seeds have no differences one by one.
    alone = bool(analysis.hits.of(name)) or not analysis.plan.paired
    for seed, value in () if alone else pairs.items():
        yield {"what": SEED, "seed": seed, "value": value}
    effect = analysis.effects[arm.digest, name]
    ends = {"value": effect.mean, "low": effect.low, "high": effect.high}
    yield {"what": MEAN, "n": len(pairs), **ends}


def _floor(report: Report, name: str) -> Iterator[dict[str, object]]:
    if (band := report.analysis.noise_range(name)) is not None:
        yield {"metric": name, "what": FLOOR, "low": band[0], "high": band[1]}


def _why(plan: Plan, arm: PlannedArm) -> str:
    """Why an arm has no difference: its own state, or the baseline's."""
    if own := state(arm):
        return own
    base = state(plan.baseline)
    return f"baseline: {base}" if base else "missing"
