"""Figure of a cumulative ablation, step by step: level, effect of the step, and cost."""

from collections.abc import Iterator, Sequence
from math import nan
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study import format, stats
from study.analysis.analysis import MeanOverSeeds
from study.plan.plan import Plan
from study.report.contents import Report
from study.report.figures import row_layout
from study.report.figures.axes import linear
from study.report.figures.report_figure import (
    ReportFigure,
    any_range,
    error_bars,
    frame,
    listing,
    numbered,
    value_text,
)
from study.report.figures.states import costs, state
from study.report.figures.style import BLACK, BLUE, GREY, PAGE, PALE, PALE_VERMILLION, VERMILLION
from study.spec import designs
from study.spec.metric import Catalogue, Metric
from study.spec.study import Factor
from study.stats.rows import Choices
from study.tasks.arms import PlannedArm

LABEL_WIDTH = 120  # points
LEVEL, STEP, ELSEWHERE, COST = "level", "step", "elsewhere", "cost"
FLOOR = "noise floor"


class StepMark(NamedTuple):
    """A row of the figure's data; a noise floor has no step and no arm."""

    step: str
    arm: str
    state: str
    metric: str
    what: str
    value: float
    low: float
    high: float


def roadmap(report: Report) -> Iterator[ReportFigure]:
    """One row per step of a cumulative design, in the first quality and the first cost."""
    path = cumulative_path(report.plan)
    quality, catalogue = report.plan.tested, report.plan.catalogue
    if len(path) < 2 or not quality:
        return
    data = points(report, path, quality)
    levels = [m for m in stats.typed_rows(data, StepMark) if m.what == LEVEL]
    # A step needs two measured arms.
    if sum(mark.value == mark.value for mark in levels) < 2:
        return
    lines = [row_layout.Line(step, arm.digest) for step, arm in path]
    for number, page in enumerate(row_layout.pages(lines, LABEL_WIDTH)):
        # The noise floor belongs to no arm and is on every page.
        own = data[data["arm"].isin(row_layout.places(page)) | data["arm"].isna()]
        figure, alt = _figure(data, page, catalogue), _alt(own, catalogue[quality])
        yield ReportFigure(numbered("roadmap", number), figure, own, alt)


def cumulative_path(plan: Plan) -> list[tuple[str, PlannedArm]]:
    """The arms in the order of the design, each with the name of its step; empty if one lacks."""
    study = plan.study
    arms = {arm.arm.choices: arm for arm in plan.arms if not arm.arm.is_twin}
    if "cumulative" not in study.designs:
        return []
    path, before = list[tuple[str, PlannedArm]](), None
    for choices in designs.cumulative(study.factors):
        if (arm := arms.get(choices)) is None:
            # Without this arm the step from the row above would be two steps at once.
            return []
        path.append((_label(study.factors, before, choices), arm))
        before = choices
    return path


def _label(factors: Sequence[Factor], before: Choices | None, here: Choices) -> str:
    """The name of a step: "+ new" if the factor departs from its baseline, else "old → new"."""
    if before is None:
        return "baseline"
    moved = _moved_factor(before, here)
    old, new = (factors[moved].levels[choices[moved]].label for choices in (before, here))
    # A factor may move twice; only its first move adds something to the baseline.
    return f"{old} → {new}" if before[moved] else f"+ {new}"


def _moved_factor(before: Choices, here: Choices) -> int:
    """The factor in which two neighbours on the path differ, which is exactly one."""
    levels = enumerate(zip(before, here, strict=True))
    return next(factor for factor, (old, new) in levels if old != new)


# ---- data ----


def points(report: Report, path: list[tuple[str, PlannedArm]], quality: str) -> pd.DataFrame:
    """One row per mark; `what` is its kind.

    A level is an arm's mean, a step the paired difference from the row above, a cost the arm's
    cost. "elsewhere" is the range of the same step's effect over all positions it was measured at.
    """
    analysis, unknown = report.analysis, MeanOverSeeds(0, nan, nan, nan)
    cost = _first_cost(report)
    records = list[dict[str, object]]()
    for place, (step, arm) in enumerate(path):
        keys = {"step": step, "label": arm.label, "arm": arm.digest}
        mean = analysis.means.get((arm.digest, quality), unknown)
        ends = {"value": mean.mean, "low": mean.low, "high": mean.high}
        records.append({**keys, "metric": quality, "what": LEVEL, **ends, "state": state(arm)})
        if place:
            records += _step(
                analysis.steps[quality], path[place - 1][1], arm, {**keys, "metric": quality}
            )
        if cost is not None and arm.digest in cost[1]:
            records.append({**keys, "metric": cost[0], "what": COST, "value": cost[1][arm.digest]})
    if (band := analysis.noise_range(quality)) is not None:
        records.append({"metric": quality, "what": FLOOR, "low": band[0], "high": band[1]})
    data = frame(records, analysis.catalogue, "step", "label", "arm", "state", "n")
    return data.drop(columns="seed")


def _step(
    steps: Sequence[stats.StepEffect], before: PlannedArm, arm: PlannedArm, keys: dict[str, object]
) -> Iterator[dict[str, object]]:
    """The marks of one step; `steps` has all steps between the study's arms."""
    start, end = before.arm.choices, arm.arm.choices
    moved = _moved_factor(start, end)
    move = moved, start[moved], end[moved]
    same = [row for row in steps if (row.factor, row.start, row.end) == move]
    for row in same:
        if row.others == start:
            ends = {"value": row.mean, "low": row.low, "high": row.high}
            yield {**keys, "what": STEP, "n": row.n, **ends}
    means = [row.mean for row in same if row.mean == row.mean]
    # Measured at one position only, the step has no range.
    if len(means) > 1:
        span = {"low": min(means), "high": max(means)}
        yield {**keys, "what": ELSEWHERE, "n": len(means), **span}


def _first_cost(report: Report) -> tuple[str, dict[str, float]] | None:
    """The first count of operations in the study's columns, else the first cost, by arm."""
    for name in costs(report.plan):
        part = stats.of_metric(report.analysis.measurements, name).dropna(subset="value")
        if len(part):
            return name, {row.arm: row.value for row in stats.typed_rows(part, stats.MetricValue)}
    return None


# ---- the figure ----


def _figure(data: pd.DataFrame, page: row_layout.Page, catalogue: Catalogue) -> Figure:
    marks = stats.typed_rows(data, StepMark)
    bars = [mark for mark in marks if mark.what == COST]
    figure, panels = row_layout.sheet(page, 2 + bool(bars), PAGE, spare=0.85)
    places = row_layout.places(page)
    quality = catalogue[marks[0].metric]
    _levels(panels[0], [mark for mark in marks if mark.what == LEVEL], places, metric=quality)
    _steps(panels[1], marks, places, metric=quality)
    if bars:
        _cost(panels[2], bars, places, metric=catalogue[bars[0].metric])
    figure.legend(loc="outside upper center", ncols=4)
    return figure


def _levels(axes: Axes, marks: list[StepMark], places: dict[str, float], *, metric: Metric) -> None:
    finite = [mark for mark in marks if mark.value == mark.value]
    values, ys = [mark.value for mark in finite], [places[mark.arm] for mark in finite]
    # Steps instead of slopes: nothing was measured between two rows.
    axes.plot(values, ys, color=BLUE, linewidth=0.8, drawstyle="steps-post")
    axes.errorbar(
        values,
        ys,
        xerr=error_bars(finite),
        fmt="o",
        color=BLUE,
        markersize=3.8,
        capsize=2,
        linewidth=1,
        label="mean, 95 % interval" if any_range(finite) else "mean",
    )
    axes.set_xlabel(format.head(metric))
    linear(axes.xaxis, 4)
    for mark in marks:
        text = format.number(mark.value, metric.digits)
        absent = text == format.ABSENT
        word = mark.state or "missing"
        row_layout.write_beside(axes, places[mark.arm], word if absent else text, word=absent)


def _steps(axes: Axes, marks: list[StepMark], places: dict[str, float], *, metric: Metric) -> None:
    for mark in marks:
        if mark.what == FLOOR:
            axes.axvspan(mark.low, mark.high, color=PALE, zorder=0, label="noise floor (A/A)")
    axes.axvline(0, color=BLACK, linewidth=0.7, zorder=0.5)
    ranges = [mark for mark in marks if mark.what == ELSEWHERE]
    if ranges:
        axes.hlines(
            # In lines, downwards: below the step itself, which the row has in its middle.
            [places[mark.arm] + 0.36 for mark in ranges],
            [mark.low for mark in ranges],
            [mark.high for mark in ranges],
            color=GREY,
            linewidth=2.2,
            alpha=0.7,
            label="same step at all positions",
        )
    steps = [mark for mark in marks if mark.what == STEP]
    axes.errorbar(
        [mark.value for mark in steps],
        [places[mark.arm] for mark in steps],
        xerr=error_bars(steps),
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
    for mark in steps:
        row_layout.write_beside(
            axes, places[mark.arm], value_text(mark, metric.digits, signed=True)
        )


def _cost(axes: Axes, marks: list[StepMark], places: dict[str, float], *, metric: Metric) -> None:
    values = [mark.value for mark in marks]
    axes.barh(
        [places[mark.arm] for mark in marks],
        values,
        height=0.8,
        color=PALE_VERMILLION,
        edgecolor=VERMILLION,
        hatch="///",
        linewidth=0.6,
    )
    # From zero, since bars are read by their length; room at the end for the frame.
    axes.set_xlim(0, 1.05 * max(values) or 1)
    axes.set_xlabel(format.head(metric))
    linear(axes.xaxis, 3)
    before = None
    for mark in marks:
        text = format.number(mark.value, metric.digits)
        if before is not None and mark.value != before:
            text += f" ({format.change(mark.value, before)})"
        row_layout.write_beside(axes, places[mark.arm], text)
        before = mark.value


# ---- alternative text ----


def _alt(data: pd.DataFrame, metric: Metric) -> str:
    marks = stats.typed_rows(data, StepMark)
    steps = {mark.arm: mark for mark in marks if mark.what == STEP}
    lines = []
    for mark in marks:
        if mark.what != LEVEL:
            continue
        text = format.number(mark.value, metric.digits)
        text = text if text != format.ABSENT else mark.state or "missing"
        step = (
            f" (step {value_text(steps[mark.arm], metric.digits, signed=True)})"
            if mark.arm in steps
            else ""
        )
        lines.append(f"{mark.step} {text}{step}")
    return f"{format.head(metric)}, row by row: {listing(lines, 8)}."
