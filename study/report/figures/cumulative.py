"""Figure of a cumulative ablation, step by step: the level, the effect of each step, and cost."""

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
from study.report.figures.axes import linear, spread
from study.report.figures.forest import write_note
from study.report.figures.interval_text import interval_text
from study.report.figures.report_figure import (
    ReportFigure,
    any_range,
    error_bars,
    frame,
    listing,
    numbered,
    value_text,
)
from study.report.figures.states import state
from study.report.figures.style import BLUE, GREY, SMALL, TINY
from study.report.figures.text_fit import width
from study.report.text.decimals import readable
from study.spec import designs
from study.spec.metric import Metric
from study.spec.study import Factor
from study.stats.rows import Choices
from study.tasks.arms import PlannedArm

LEVEL, STEP, COST = "level", "step", "cost"
VARIES = 1.02  # ratio of the largest to the smallest cost from which costs are written
BETWEEN = 8  # points between two columns of text


class StepMark(NamedTuple):
    """A row of the figure's data."""

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
    quality = report.plan.tested
    if len(path) < 2 or not quality:
        return
    metric = readable(report.analysis, quality)  # as in the main table
    data = points(report, path, quality)
    marks = stats.typed_rows(data, StepMark)
    # A step needs two measured arms.
    if sum(mark.what == LEVEL and mark.value == mark.value for mark in marks) < 2:
        return
    lines = [row_layout.Line(step, arm.digest) for step, arm in path]
    steps = [mark for mark in marks if mark.what == STEP]
    texts = {mark.arm: value_text(mark, metric.digits, signed=True) for mark in steps}
    if report.style.is_column:
        # Above its interval, so that the column of text is narrow.
        texts = {arm: text.replace(" [", "\n[") for arm, text in texts.items()}
    room = row_layout.label_room(report.style.inches)
    for number, page in enumerate(row_layout.pages(lines, room, texts)):
        own = data[data["arm"].isin(row_layout.places(page))]
        figure, alt = _figure(report, marks, page, texts=texts), _alt(own, metric)
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
        step = _label(study.factors, before, choices) if before else study.baseline_title
        path.append((step, arm))
        before = choices
    return path


def _label(factors: Sequence[Factor], before: Choices, here: Choices) -> str:
    """The name of a step: "+ new" if the factor departs from its baseline, else "old → new"."""
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

    A level is an arm's mean, a step the difference from the row above, a cost the arm's cost,
    if costs differ.
    """
    analysis, unknown = report.analysis, MeanOverSeeds(0, nan, nan, nan)
    records, cost = list[dict[str, object]](), _first_cost(report, path)
    for place, (step, arm) in enumerate(path):
        keys = {"step": step, "label": arm.label, "arm": arm.digest, "metric": quality}
        mean = analysis.means.get((arm.digest, quality), unknown)
        ends = {"value": mean.mean, "low": mean.low, "high": mean.high}
        records.append({**keys, "what": LEVEL, **ends, "state": state(arm)})
        if place:
            effect = _step(analysis.steps[quality], path[place - 1][1], arm)
            records += [{**keys, "what": STEP, **own} for own in effect]
        if arm.digest in cost:
            name, value = cost[arm.digest]
            records.append({**keys, "metric": name, "what": COST, "value": value})
    data = frame(records, analysis.catalogue, "step", "label", "arm", "state", "n")
    return data.drop(columns="seed")


def _step(
    steps: Sequence[stats.StepEffect], before: PlannedArm, arm: PlannedArm
) -> Iterator[dict[str, object]]:
    """The effect of one step; `steps` has all steps between the study's arms."""
    start, end = before.arm.choices, arm.arm.choices
    moved = _moved_factor(start, end)
    move = moved, start[moved], end[moved], start
    for row in steps:
        if (row.factor, row.start, row.end, row.others) == move:
            yield {"n": row.n, "value": row.mean, "low": row.low, "high": row.high}


def _first_cost(report: Report, path: list[tuple[str, PlannedArm]]) -> dict[str, tuple[str, float]]:
    """The first cost that varies on the path, by arm, with its name: multiply-adds before others.

    A cost that is the same for all steps says nothing in a figure.
    """
    arms = [arm.digest for _, arm in path]
    names = report.analysis.of_kind("cost")
    for name in sorted(names, key=lambda name: not name.startswith("macs")):
        values = {
            a: report.analysis.estimates[a, name].mean
            for a in arms
            if (a, name) in report.analysis.estimates
        }
        if spread(values.values()) > VARIES:
            return {arm: (name, value) for arm, value in values.items()}
    return {}


# ---- the figure ----


def _figure(
    report: Report, marks: list[StepMark], page: row_layout.Page, *, texts: dict[str, str]
) -> Figure:
    figure, (axes,) = row_layout.sheet(page, 1, report.style.inches, spare=0.72)
    places, catalogue = row_layout.places(page), report.plan.catalogue
    levels = [mark for mark in marks if mark.what == LEVEL]
    quality = readable(report.analysis, levels[0].metric)
    _levels(axes, [mark for mark in levels if mark.arm in places], places, quality)
    axes.set_xlim(*_span(levels))
    axes.set_xlabel(format.head(quality), parse_math=False)
    unit = quality.difference_unit
    offset = _column(axes, f"step ({unit})" if unit else "step", texts, places=places, offset=4)
    # Numbers in place of bars: the eye compares the levels, and the costs are looked up.
    bars = {m.arm: m for m in marks if m.what == COST}
    if bars:
        metric = catalogue[next(iter(bars.values())).metric]
        numbers = {arm: format.number(m.value, metric.digits) for arm, m in bars.items()}
        _column(axes, format.head(metric), numbers, places=places, offset=offset)
    interval = step = ""
    if any_range(marks):
        interval, step = (
            f", {interval_text(report.analysis, levels[0].metric, level=own)}"
            for own in (True, False)
        )
    write_note(
        figure,
        f"● mean{interval} · step: {'paired ' * report.plan.paired}difference from "
        f"the row above{step.rpartition(', ')[0]}",
    )
    return figure


def _span(marks: list[StepMark]) -> tuple[float, float]:
    """The limits of the axis: the same on every page."""
    ends = [end for mark in marks for end in (mark.value, mark.low, mark.high) if end == end]
    room = 0.08 * (max(ends) - min(ends)) or 1.0
    return min(ends) - room, max(ends) + room


def _levels(axes: Axes, marks: list[StepMark], places: dict[str, float], metric: Metric) -> None:
    # An arm without a mean is written as a word below, and the line passes it by.
    finite = [mark for mark in marks if mark.value == mark.value]
    values, ys = [mark.value for mark in finite], [places[mark.arm] for mark in finite]
    # Steps instead of slopes: nothing was measured between two rows.
    axes.plot(values, ys, color=GREY, linewidth=0.8, drawstyle="steps-post", zorder=1.5)
    axes.errorbar(
        values,
        ys,
        xerr=error_bars(finite),
        fmt="o",
        color=BLUE,
        markersize=3.8,
        capsize=2,
        linewidth=1,
    )
    linear(axes.xaxis, 3)
    for mark in marks:
        text = format.number(mark.value, metric.digits)
        if text == format.ABSENT:
            place, text = (0.5, places[mark.arm]), mark.state or "missing"
            note = axes.annotate(text, place, xycoords=("axes fraction", "data"), ha="center")
            note.set(fontsize=TINY, fontstyle="italic", color=GREY, va="center")
            continue
        axes.annotate(
            text,
            (mark.value, places[mark.arm]),
            (0, 3),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=TINY,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.3, "alpha": 0.8},
        )


def _column(
    axes: Axes, head: str, texts: dict[str, str], *, places: dict[str, float], offset: float
) -> float:
    """Write a column of texts at the right of the rows; the offset of the next one is returned."""
    for arm, y in places.items():
        if arm in texts:
            row_layout.write_beside(axes, y, texts[arm], offset=offset)
    head = head.replace(" (", "\n(")
    axes.annotate(
        head,
        (1, 0),
        (offset, -5),
        xycoords="axes fraction",
        textcoords="offset points",
        ha="left",
        va="top",
        fontsize=SMALL,
        linespacing=1.0,
        parse_math=False,
    )
    lines = [line for text in texts.values() for line in text.split("\n")]
    widest = max([*(width(t, TINY) for t in lines), *(width(t, SMALL) for t in head.split("\n"))])
    return offset + widest + BETWEEN


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
