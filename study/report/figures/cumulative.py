"""Figure of a cumulative ablation, step by step: level, effect of the step, and cost."""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study import format, stats
from study.analysis.frames import noise_range
from study.metrics import METRICS
from study.plan.plan import Plan, PlannedArm
from study.report.contents import Report
from study.report.figures import row_layout
from study.report.figures.axes import linear
from study.report.figures.figure import (
    ReportFigure,
    frame,
    listing,
    named_rows,
    numbered,
    value_text,
    without_attrs,
)
from study.report.figures.states import state
from study.report.figures.style import BLACK, BLUE, GREY, PAGE, PALE, VERMILLION
from study.spec import designs
from study.spec.study import Factor

LABEL_WIDTH = 120  # points
Choices = tuple[int, ...]
LEVEL, STEP, ELSEWHERE, COST = "level", "step", "elsewhere", "cost"


def roadmap(report: Report) -> Iterator[ReportFigure]:
    """One row per step of a cumulative design, in the first quality and the first cost."""
    path = cumulative_path(report.plan)
    quality = report.plan.tested
    if len(path) < 2 or not quality:
        return
    data = points(report, path, quality)
    # A single level shows no step.
    if data.loc[data["what"] == LEVEL, "value"].notna().sum() < 2:
        return
    lines = [row_layout.Line(step, arm.digest) for step, arm in path]
    for number, page in enumerate(row_layout.pages(lines, LABEL_WIDTH)):
        own = data[data["arm"].isin(row_layout.places(page)) | data["arm"].isna()]
        yield ReportFigure(numbered("roadmap", number), _figure(data, page), own, _alt(own))


def cumulative_path(plan: Plan) -> list[tuple[str, PlannedArm]]:
    """The arms in the order of the design, each with the name of its step; empty if one lacks."""
    study, arms = plan.study, {arm.arm.choices: arm for arm in plan.arms}
    if "cumulative" not in study.designs:
        return []
    path, before = list[tuple[str, PlannedArm]](), None
    for choices in designs.cumulative(study.factors):
        if (arm := arms.get(choices)) is None:
            return []
        path.append((_called(study.factors, before, choices), arm))
        before = choices
    return path


def _called(factors: Sequence[Factor], before: Choices | None, here: Choices) -> str:
    """The name of a step: "+ new" if the factor departs from its baseline, else "old → new"."""
    if before is None:
        return "baseline"
    # Neighbours on the path differ in exactly one factor.
    moved = next(f for f, pair in enumerate(zip(before, here, strict=True)) if len({*pair}) > 1)
    old, new = (factors[moved].levels[choices[moved]].label for choices in (before, here))
    # A factor may move twice; only its first move adds something to the baseline.
    return f"{old} → {new}" if before[moved] else f"+ {new}"


# ---- data ----


def points(report: Report, path: list[tuple[str, PlannedArm]], quality: str) -> pd.DataFrame:
    """One row per mark; `what` is its kind.

    A level is an arm's mean, a step the paired difference from the row above, a cost the arm's
    cost. "elsewhere" is the range of the same step's effect over all positions it was measured at.
    """
    measured = without_attrs(report.measured)
    part = measured[measured["metric"] == quality]
    steps = stats.steps(part, {arm.digest: arm.arm.choices for arm in report.plan.arms})
    costs = _costs(report)
    records = list[dict[str, Any]]()
    for place, (step, arm) in enumerate(path):
        keys = {"step": step, "label": arm.label, "arm": arm.digest}
        sample = part.loc[part["arm"] == arm.digest, "value"]
        low, high = stats.interval(sample.to_numpy(float))
        # NaN is a diverged seed: the mean of the others would flatter the arm.
        ends = {"value": sample.mean(skipna=False), "low": low, "high": high}
        records.append({**keys, "metric": quality, "what": LEVEL, **ends, "state": state(arm)})
        if place:
            records += _step(steps, path[place - 1][1], arm, {**keys, "metric": quality})
        if costs is not None and arm.digest in costs[1]:
            records.append(
                {**keys, "metric": costs[0], "what": COST, "value": costs[1][arm.digest]}
            )
    if (band := noise_range(measured, quality)) is not None:
        records.append({"metric": quality, "what": "noise floor", "low": band[0], "high": band[1]})
    return frame(records, "step", "label", "arm", "state", "n").drop(columns="seed")


def _step(
    steps: pd.DataFrame, before: PlannedArm, arm: PlannedArm, keys: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """The marks of one step; `steps` has all steps between the study's arms (`stats.steps`)."""
    start, end = before.arm.choices, arm.arm.choices
    moved = next(f for f, pair in enumerate(zip(start, end, strict=True)) if len({*pair}) > 1)
    same = steps[
        (steps["factor"] == moved) & (steps["start"] == start[moved]) & (steps["end"] == end[moved])
    ]
    for row in named_rows(same[same["others"] == start]):
        ends = {"value": row.mean, "low": row.low, "high": row.high}
        yield {**keys, "what": STEP, "n": row.n, **ends}
    means = same["mean"].dropna()
    # Measured at one position only, the step has no range.
    if len(means) > 1:
        span = {"low": means.min(), "high": means.max()}
        yield {**keys, "what": ELSEWHERE, "n": len(means), **span}


def _costs(report: Report) -> tuple[str, dict[str, float]] | None:
    """The first count of operations in the study's columns, else the first cost, by arm."""
    names = [n for n in report.plan.study.columns if METRICS[n].kind == "cost"]
    for name in sorted(names, key=lambda name: not name.startswith("macs")):
        part = report.measured[report.measured["metric"] == name].dropna(subset="value")
        if len(part):
            return name, dict(zip(part["arm"], part["value"], strict=True))
    return None


# ---- the figure ----


def _figure(data: pd.DataFrame, page: row_layout.Page) -> Figure:
    costs = data[data["what"] == COST]
    figure, panels = row_layout.sheet(page, 2 + (not costs.empty), PAGE, spare=0.85)
    places = row_layout.places(page)
    here = data[data["arm"].isin(places)].assign(y=lambda part: part["arm"].map(places))
    band = data[data["what"] == "noise floor"]
    quality = METRICS[str(data["metric"].iloc[0])]
    _levels(panels[0], here, quality)
    _steps(panels[1], here, band, quality)
    if not costs.empty:
        _cost(panels[2], here[here["what"] == COST], costs["value"].max())
    figure.legend(loc="outside upper center", ncols=4)
    return figure


def _levels(axes: Axes, data: pd.DataFrame, metric: Any) -> None:
    part = data[data["what"] == LEVEL]
    finite = part[part["value"].notna()]
    axes.plot(finite["value"], finite["y"], color=BLUE, linewidth=0.8, drawstyle="steps-post")
    reach = [finite["value"] - finite["low"], finite["high"] - finite["value"]]
    axes.errorbar(
        finite["value"],
        finite["y"],
        xerr=reach,
        fmt="o",
        color=BLUE,
        markersize=3.8,
        capsize=2,
        linewidth=1,
        label="mean, 95 % interval" if finite["low"].notna().any() else "mean",
    )
    axes.set_xlabel(format.head(metric))
    linear(axes.xaxis, 4)
    for row in named_rows(part):
        text = format.number(row.value, metric.digits)
        absent = text == format.ABSENT
        word = row.state or "missing"
        style = {"fontstyle": "italic", "color": GREY} if absent else {}
        row_layout.beside(axes, row.y, word if absent else text, **style)


def _steps(axes: Axes, data: pd.DataFrame, band: pd.DataFrame, metric: Any) -> None:
    for row in named_rows(band):
        axes.axvspan(row.low, row.high, color=PALE, zorder=0, label="noise floor (A/A)")
    axes.axvline(0, color=BLACK, linewidth=0.7, zorder=0.5)
    part, other = data[data["what"] == STEP], data[data["what"] == ELSEWHERE]
    if len(other):
        axes.hlines(
            other["y"] + 0.36,
            other["low"],
            other["high"],
            color=GREY,
            linewidth=2.2,
            alpha=0.7,
            label="same step at all positions",
        )
    reach = [part["value"] - part["low"], part["high"] - part["value"]]
    axes.errorbar(
        part["value"],
        part["y"],
        xerr=reach,
        fmt="D",
        color=VERMILLION,
        markersize=3.3,
        capsize=2,
        linewidth=1,
        label="step from the row above",
    )
    unit = metric.difference_unit
    axes.set_xlabel(f"Δ {format.name(metric)} of the step{f' ({unit})' if unit else ''}")
    linear(axes.xaxis, 4)
    for row in named_rows(part):
        row_layout.beside(axes, row.y, value_text(row, metric.digits, signed=True))


def _cost(axes: Axes, data: pd.DataFrame, most: float) -> None:
    metric = METRICS[str(data["metric"].iloc[0])]
    axes.barh(
        data["y"],
        data["value"],
        height=0.8,
        color="#F6D9C8",
        edgecolor=VERMILLION,
        hatch="///",
        linewidth=0.6,
    )
    axes.set_xlim(0, 1.05 * most or 1)
    axes.set_xlabel(format.head(metric))
    linear(axes.xaxis, 3)
    before = None
    for row in named_rows(data):
        value = row.value
        text = format.number(value, metric.digits)
        if before is not None and value != before:
            text += f" ({format.change(value, before)})"
        row_layout.beside(axes, row.y, text)
        before = value


# ---- alternative text ----


def _alt(data: pd.DataFrame) -> str:
    metric = METRICS[str(data["metric"].iloc[0])]
    steps = {row.arm: row for row in named_rows(data[data["what"] == STEP])}
    lines = []
    for row in named_rows(data[data["what"] == LEVEL]):
        text = format.number(row.value, metric.digits)
        text = text if text != format.ABSENT else row.state or "missing"
        step = (
            f" (step {value_text(steps[row.arm], metric.digits, signed=True)})"
            if row.arm in steps
            else ""
        )
        lines.append(f"{row.step} {text}{step}")
    return f"{format.head(metric)}, row by row: {listing(lines, 8)}."
