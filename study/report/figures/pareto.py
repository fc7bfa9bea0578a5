"""Figure of quality against each cost, with the Pareto front."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from study import format, stats
from study.analysis.fronts import BEHIND, FRONT, TIED
from study.report.contents import Report
from study.report.figures.axes import linear, logarithmic, wide, within_percent
from study.report.figures.label_placement import place
from study.report.figures.report_figure import ReportFigure, error_bars, frame, listing
from study.report.figures.style import BLACK, BLUE, COLUMN, GREY, TINY
from study.report.figures.text_fit import width, wrapped
from study.spec.metric import Metric
from study.spec.study import file_name

# These words are stored in the figure's data, where analysis scripts of users may rely on them.
DIRECT = 8  # arms up to which labels stand at their points; above, a key explains numbers
LABEL_WIDTH = 80  # points of a label at its point
KEYED = 40  # arms up to which every number is in the key and intervals are drawn
FEW = 20  # numbers in the key if there are more arms than that
BARS = ("low", "high", "cost_low", "cost_high")
LOG_FROM = 5  # ratio of the largest to the smallest cost from which the axis is logarithmic

STYLES: dict[str, dict[str, Any]] = {
    FRONT: {"color": BLUE, "marker": "o", "markerfacecolor": BLUE},
    TIED: {"color": BLUE, "marker": "o", "markerfacecolor": "white"},
    BEHIND: {"color": GREY, "marker": "x", "markerfacecolor": GREY},
}
MEANINGS = {
    FRONT: "on the front",
    TIED: "not distinguishable",
    BEHIND: "behind it",
}
"""Standings as the legend and the alternative text name them."""


class ArmMark(NamedTuple):
    """A row of the figure's data; without `what` while the standings are computed."""

    number: int
    label: str
    arm: str
    cost: float
    cost_low: float
    cost_high: float
    what: str
    value: float
    low: float
    high: float


def pareto(report: Report) -> Iterator[ReportFigure]:
    """One figure per column that is a cost or a speed and differs between arms."""
    quality, catalogue = report.plan.tested, report.plan.catalogue
    for name in dict.fromkeys(report.plan.study.columns):
        if not quality or catalogue[name].kind == "quality":
            continue
        data = points(report, quality, name)
        if len(data) > KEYED:  # so many intervals would hide the points
            data = data.assign(**dict.fromkeys(BARS, float("nan")))
        if data["cost"].round(catalogue[name].digits).nunique() > 1:  # compared as printed
            figure = _figure(data, catalogue[quality], catalogue[name])
            alt = _alt(data, catalogue[quality], catalogue[name])
            yield ReportFigure(f"pareto-{file_name(name)}", figure, data, alt)


# ---- data ----


def points(report: Report, quality: str, cost: str) -> pd.DataFrame:
    """One row per arm that has both metrics; `what` is its standing (see `analysis.fronts`)."""
    analysis, rows = report.analysis, list[dict[str, object]]()
    standings = analysis.standings(quality, cost)
    for arm in report.plan.arms:
        if arm.digest not in standings:
            continue
        own, mean = analysis.estimates[arm.digest, cost], analysis.means[arm.digest, quality]
        rows.append(
            {
                "number": len(rows) + 1,
                "label": arm.label,
                "arm": arm.digest,
                "metric": quality,
                "value": mean.mean,
                "low": mean.low,
                "high": mean.high,
                "against": cost,
                "cost": own.mean,
                "cost_low": own.low,
                "cost_high": own.high,
                "what": standings[arm.digest],
            }
        )
    keys = ("number", "label", "arm", "against", "cost", "cost_low", "cost_high")
    data = frame(rows, analysis.catalogue, *keys).astype(dict.fromkeys(keys[4:], float))
    data[[*keys[4:]]] *= analysis.catalogue[cost].scale
    return data.drop(columns="seed")


# ---- the figure ----


def _figure(data: pd.DataFrame, quality: Metric, cost: Metric) -> Figure:
    marks = stats.typed_rows(data, ArmMark)
    keyed = len(marks) > DIRECT or any(width(m.label, TINY) > LABEL_WIDTH for m in marks)
    keyed_marks = marks if len(marks) <= KEYED else _spaced_front(data)
    lines = -(-len(keyed_marks) // 2) if keyed else 0
    # Inches: 0.125 for each line of the key, which has two columns.
    figure = Figure(figsize=(COLUMN, 2.9 + 0.125 * lines))
    axes = figure.subplots()
    axes.grid(True, axis="both")
    costs = [mark.cost for mark in marks]
    if wide(costs, LOG_FROM):
        logarithmic(axes.xaxis, costs)
    else:
        # Room for labels at the outermost points.
        axes.margins(x=0.18)
        linear(axes.xaxis, 5)
    axes.margins(y=0.12)
    front = _front(axes, data, quality, cost)
    for what, style in STYLES.items():
        _draw_points(axes, [mark for mark in marks if mark.what == what], style)
    within_percent(axes, quality, (mark.value for mark in marks))
    linear(axes.yaxis, 5)
    axes.set_xlabel(format.head(cost))
    axes.set_ylabel(format.head(quality))
    if keyed:
        _key(figure, keyed_marks, len(marks))
    standings = [what for what in STYLES if what in {mark.what for mark in marks}]
    handles = [
        Line2D([], [], linestyle="none", markersize=4.5, **STYLES[what]) for what in standings
    ]
    meanings = [MEANINGS[what] for what in standings]
    figure.legend(
        handles, meanings, loc="outside upper center", ncols=3, handletextpad=0.3, columnspacing=1
    )
    named = {mark.number for mark in keyed_marks}
    texts = [str(mark.number) if keyed else mark.label for mark in marks]
    texts = [text if m.number in named else "" for text, m in zip(texts, marks, strict=True)]
    place(axes, [(mark.cost, mark.value) for mark in marks], texts, [*front, *_bars(marks)])
    return figure


def _spaced_front(data: pd.DataFrame) -> list[ArmMark]:
    """At most `FEW` arms of the front, evenly spaced along it."""
    front = data[data["what"] == FRONT].sort_values("cost")
    return sorted(stats.typed_rows(front, ArmMark)[:: -(-len(front) // FEW)])


def _draw_points(axes: Axes, marks: list[ArmMark], style: dict[str, Any]) -> None:
    xs, ys = [mark.cost for mark in marks], [mark.value for mark in marks]
    axes.plot(xs, ys, linestyle="none", markersize=4.5, zorder=3, **style)
    across = [mark.cost - mark.cost_low for mark in marks], [m.cost_high - m.cost for m in marks]
    axes.errorbar(
        xs,
        ys,
        xerr=across,
        yerr=error_bars(marks),
        fmt="none",
        ecolor=style["color"],
        elinewidth=0.7,
        capsize=1.5,
        zorder=2,
    )


Segment = tuple[tuple[float, float], tuple[float, float]]


def _front(axes: Axes, data: pd.DataFrame, quality: Metric, cost: Metric) -> list[Segment]:
    """Draw the front as steps: the best quality at every cost. Returns its segments."""
    front = data[data["what"] == FRONT].sort_values("cost", ascending=cost.better == "lower")
    first, *rest = stats.typed_rows(front, ArmMark)
    corners = [(first.cost, first.value)]
    for mark in rest:
        # A step, not a slope: no model was measured between two points of the front.
        corners += [(mark.cost, corners[-1][1]), (mark.cost, mark.value)]
    axes.plot(*zip(*corners, strict=True), color=BLACK, linewidth=0.8, zorder=2)
    return list(pairwise(corners))


def _bars(marks: list[ArmMark]) -> Iterator[Segment]:
    for mark in marks:
        x, y = mark.cost, mark.value
        if mark.low == mark.low:
            yield (x, mark.low), (x, mark.high)
        if mark.cost_low == mark.cost_low:
            yield (mark.cost_low, y), (mark.cost_high, y)


def _key(figure: Figure, marks: list[ArmMark], total: int) -> None:
    """Write what the numbers at the points mean; `total` is the number of points."""
    # 106 points: half of the column, less a margin.
    texts = [wrapped(f"{mark.number}  {mark.label}", 106, size=TINY, lines=1) for mark in marks]
    if len(marks) < total:
        texts.append(f"{total - len(marks)} more in the data file")
    legend = figure.legend(
        [Line2D([], [], linestyle="none")] * len(texts),
        texts,
        loc="outside lower left",
        ncols=2,
        handlelength=0,
        handletextpad=0,
        fontsize=TINY,
        labelspacing=0.25,
        columnspacing=1,
    )
    for text in legend.get_texts():
        # A label may hold a "$", which matplotlib would read as mathematics.
        text.set_parse_math(False)


# ---- alternative text ----


def _alt(data: pd.DataFrame, quality: Metric, cost: Metric) -> str:
    head = f"{format.head(quality)} against {format.head(cost)} of {len(data)} arms."
    sentences = []
    for what, meaning in MEANINGS.items():
        own = data[data["what"] == what].sort_values("cost")
        texts = [
            f"{mark.label} {format.number(mark.value, quality.digits)} "
            f"at {format.number(mark.cost, cost.digits)}"
            for mark in stats.typed_rows(own, ArmMark)
        ]
        sentences += [f"{meaning.capitalize()}: {listing(texts)}."] * bool(texts)
    return " ".join([head, *sentences])
