"""Panels of quality against costs: named points, their intervals, and a front in each panel."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from study import format
from study.analysis.fronts import BEHIND, FRONT, TIED
from study.report.contents import Report
from study.report.figures.axes import linear, logarithmic, multiples, wide, within_percent
from study.report.figures.label_placement import Label, Point, Segment, place
from study.report.figures.report_figure import error_bars
from study.report.figures.style import BLACK, BLUE, GREY, TINY
from study.report.figures.text_fit import all_wrapped
from study.spec.metric import Metric

ABREAST = 3  # panels side by side in the width of a text
HEIGHT = {1: 2.2, 2: 2.5, 3: 2.4}  # inches of a panel, by the panels side by side
NAMED = 20  # arms up to which all are named; of more, those of the front and the baseline
LABEL_WIDTH = 72  # points of a label
LOG_FROM = 5  # ratio of the largest to the smallest cost from which the axis is logarithmic
TIMES = "×"
"""The unit of a speed that is drawn as its ratio to the baseline's."""

STYLES: dict[str, dict[str, Any]] = {
    FRONT: {"color": BLUE, "marker": "o", "markerfacecolor": BLUE},
    TIED: {"color": BLUE, "marker": "o", "markerfacecolor": "white"},
    BEHIND: {"color": GREY, "marker": "x", "markerfacecolor": GREY},
}


class ArmMark(NamedTuple):
    """A row of the figure's data; `what` is the standing of the arm."""

    label: str
    arm: str
    metric: str
    against: str
    unit: str
    cost: float
    cost_low: float
    cost_high: float
    what: str
    value: float
    low: float
    high: float


def panels(
    report: Report, parts: Sequence[list[ArmMark]], head: str, meanings: Mapping[str, str]
) -> Figure:
    """A panel for each list of marks, with one axis of quality, whose label is `head`.

    `meanings` are the words of the legend by standing.
    """
    quality = report.plan.catalogue[parts[0][0].metric]
    every = [mark for marks in parts for mark in marks]
    down = len(parts) if report.style.is_column else -(-len(parts) // ABREAST)
    across = -(-len(parts) // down)
    figure = Figure(figsize=(report.style.inches, 0.3 + HEIGHT[across] * down))
    grid = figure.subplots(down, across, sharey=True, squeeze=False).ravel()
    for axes, marks in zip(grid, parts, strict=False):
        cost = report.plan.catalogue[marks[0].against]
        _panel(axes, marks, cost, ticks=6 if across < ABREAST else 5)
    # Five panels leave a place of the grid empty.
    for axes in grid[len(parts) :]:
        axes.set_visible(False)
    within_percent(grid[0], quality, (mark.value for mark in every))
    linear(grid[0].yaxis, 5)
    for axes in grid[::across]:
        axes.set_ylabel(head)
    present = {mark.what for mark in every}
    styles = {meanings[what]: style for what, style in STYLES.items() if what in present}
    handles = [
        Line2D([], [], linestyle="none", markersize=4.5, **style) for style in styles.values()
    ]
    figure.legend(
        handles,
        [*styles],
        loc="outside upper center",
        ncols=3,
        handletextpad=0.1,
        columnspacing=0.8,
        borderpad=0.1,
    )
    # At last: the layout has to know all of the figure before it says where a point is.
    for axes, marks in zip(grid, parts, strict=False):
        front = _front(marks, report.plan.catalogue[marks[0].against])
        place(axes, _labels(report, marks), front, [*_bars(marks)])
    return figure


def _panel(axes: Axes, marks: list[ArmMark], cost: Metric, *, ticks: int) -> None:
    """Draw the points and the front of a panel; an axis of ratios has so many ticks at most."""
    axes.grid(True, axis="both")
    costs, unit = [mark.cost for mark in marks], marks[0].unit
    if unit == TIMES:
        ends = [end for m in marks for end in (m.cost, m.cost_low, m.cost_high)]
        multiples(axes.xaxis, ends, ticks)
        # The baseline's own speed, from which the others are read.
        axes.axvline(1, color=GREY, linewidth=0.6, zorder=1)
    elif wide(costs, LOG_FROM):
        logarithmic(axes.xaxis, costs)
    else:
        linear(axes.xaxis, 4)
    # Room for labels at the outermost points.
    axes.margins(x=0.16, y=0.1)
    for segment in _front(marks, cost):
        axes.plot(*zip(*segment, strict=True), color=BLACK, linewidth=0.8, zorder=2)
    for what, style in STYLES.items():
        # An unclipped line without points would stand at the corner of the page.
        if own := [mark for mark in marks if mark.what == what]:
            _draw_points(axes, own, style)
    axes.set_xlabel(cost_head(cost, unit))


def _draw_points(axes: Axes, marks: list[ArmMark], style: dict[str, Any]) -> None:
    xs, ys = [mark.cost for mark in marks], [mark.value for mark in marks]
    # Not clipped: a mark at 100 % lies on the edge of the panel.
    axes.plot(xs, ys, linestyle="none", markersize=4.5, zorder=3, clip_on=False, **style)
    across = [mark.cost - mark.cost_low for mark in marks], [m.cost_high - m.cost for m in marks]
    axes.errorbar(
        xs,
        ys,
        xerr=across,
        yerr=error_bars(marks),
        fmt="none",
        ecolor=style["color"],
        elinewidth=0.5,
        alpha=0.55,
        zorder=1.5,
    )


def front_corners(marks: Sequence[ArmMark], cost: Metric) -> list[Point]:
    """The corners of the front as steps: the best quality at every cost."""
    front = sorted((mark.cost, mark.value) for mark in marks if mark.what == FRONT)
    corners = list[Point]()
    for x, y in front if cost.better == "lower" else reversed(front):
        # A step, not a slope: no model was measured between two points of the front.
        corners += [(x, corners[-1][1])] if corners else []
        corners.append((x, y))
    return corners


def _front(marks: Sequence[ArmMark], cost: Metric) -> list[Segment]:
    return list(pairwise(front_corners(marks, cost)))


def cost_head(cost: Metric, unit: str) -> str:
    """The name of an axis of costs in this unit, with the rule by which they were counted."""
    if unit == TIMES:
        return f"{format.name(cost)}, × baseline"
    # Two counts of the same operations would have equal names without their rules.
    return format.head(replace(cost, unit=unit))


def cost_text(mark: ArmMark) -> str:
    """The cost of an arm with its unit: "×1.20", "1.61 G"."""
    digits = format.significant(mark.cost)
    return f"×{digits}" if mark.unit == TIMES else f"{digits} {mark.unit}".strip()


def _bars(marks: Sequence[ArmMark]) -> Iterator[Segment]:
    for mark in marks:
        x, y = mark.cost, mark.value
        if mark.low == mark.low:
            yield (x, mark.low), (x, mark.high)
        if mark.cost_low == mark.cost_low:
            yield (mark.cost_low, y), (mark.cost_high, y)


def _labels(report: Report, marks: Sequence[ArmMark]) -> list[Label]:
    """The names of arms: the baseline and the front first, which are always named."""
    base = report.plan.baseline.digest
    order = {FRONT: 0, TIED: 1, BEHIND: 2}
    names = [mark.label for mark in marks]
    texts = dict(zip(names, all_wrapped(names, LABEL_WIDTH, size=TINY), strict=True))
    labels = []
    for mark in sorted(marks, key=lambda mark: (mark.arm != base, order[mark.what])):
        few = len(marks) <= NAMED or mark.what == FRONT or mark.arm == base
        labels.append(
            Label(
                (mark.cost, mark.value),
                texts[mark.label] if few else "",
                needed=mark.arm == base or (mark.what == FRONT and len(marks) <= NAMED),
                colour=GREY if mark.what == BEHIND and mark.arm != base else BLACK,
                weight="bold" if mark.arm == base else "normal",
            )
        )
    return labels
