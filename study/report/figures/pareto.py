"""Figure of quality against the costs that differ, with a Pareto front in each panel."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from study import format, stats
from study.analysis.fronts import BEHIND, FRONT, TIED
from study.report.contents import Report
from study.report.figures.axes import (
    linear,
    logarithmic,
    multiples,
    significant,
    spread,
    suited,
    within_percent,
)
from study.report.figures.label_placement import Label, Segment, place
from study.report.figures.report_figure import (
    ReportFigure,
    arm_name,
    error_bars,
    frame,
    listing,
    numbered,
)
from study.report.figures.row_layout import chunks
from study.report.figures.style import BLACK, BLUE, GREY, TINY
from study.report.figures.text_fit import wrapped
from study.spec.metric import Catalogue, Metric

VARIES = 1.02  # largest cost over smallest from which a cost has a panel
ABREAST = 3  # panels side by side in the width of a text
MOST_PANELS = 6  # of one figure
HEIGHT = {1: 2.2, 2: 2.5, 3: 2.4}  # inches of a panel, by the panels side by side
NAMED = 14  # arms up to which all are named; of more, those of the front and the baseline
LABEL_WIDTH = 72  # points of a label
BARRED = 40  # arms up to which intervals are drawn: more would hide the points
BARS = ("low", "high", "cost_low", "cost_high")
LOG_FROM = 5  # ratio of the largest to the smallest cost from which the axis is logarithmic
TIMES = "×"
"""The unit of a speed that is drawn as its ratio to the baseline's."""

STYLES: dict[str, dict[str, Any]] = {
    FRONT: {"color": BLUE, "marker": "o", "markerfacecolor": BLUE},
    TIED: {"color": BLUE, "marker": "o", "markerfacecolor": "white"},
    BEHIND: {"color": GREY, "marker": "x", "markerfacecolor": GREY},
}
# These words are stored in the figure's data, where analysis scripts of users may rely on them.
MEANINGS = {
    FRONT: "on the front",
    TIED: "not distinguishable",
    BEHIND: "behind",
}
"""Standings as the legend and the alternative text name them."""


class ArmMark(NamedTuple):
    """A row of the figure's data; without `what` while the standings are computed."""

    label: str
    arm: str
    against: str
    unit: str
    cost: float
    cost_low: float
    cost_high: float
    what: str
    value: float
    low: float
    high: float


def pareto(report: Report) -> Iterator[ReportFigure]:
    """A panel per column that is a cost or a speed and differs by more than 2 % between arms."""
    quality, catalogue = report.plan.tested, report.plan.catalogue
    if not quality:
        return
    columns = dict.fromkeys(report.plan.study.columns)
    frames = {
        name: points(report, quality, name) for name in columns if catalogue[name].kind != "quality"
    }
    every = {name: stats.typed_rows(data, ArmMark) for name, data in frames.items()}
    drawn = [name for name, marks in every.items() if spread(m.cost for m in marks) > VARIES]
    for number, names in enumerate(chunks(drawn, MOST_PANELS)):
        data = pd.concat([frames[name] for name in names], ignore_index=True)
        # One row per arm and panel; the first panel has as many arms as any other.
        if len(frames[names[0]]) > BARRED:
            data = data.assign(**dict.fromkeys(BARS, float("nan")))
        marks = stats.typed_rows(data, ArmMark)
        panels = [[mark for mark in marks if mark.against == name] for name in names]
        figure = _figure(report, panels)
        alt = _alt(data, catalogue, quality)
        yield ReportFigure(numbered("pareto", number), figure, data, alt)


# ---- data ----


def points(report: Report, quality: str, cost: str) -> pd.DataFrame:
    """One row per arm that has both metrics; `what` is its standing (see `analysis.fronts`).

    A speed that a session measured against the baseline is its ratio, with the ratio's interval.
    """
    analysis, rows = report.analysis, list[dict[str, object]]()
    standings = analysis.standings(quality, cost)
    ratios = analysis.ratios.of(cost)
    costs = [analysis.estimates[arm, cost].mean for arm in standings]
    metric = suited(analysis.catalogue[cost], costs)
    for arm in report.plan.arms:
        if arm.digest not in standings or (ratios and arm.digest not in ratios):
            continue
        own, mean = analysis.estimates[arm.digest, cost], analysis.means[arm.digest, quality]
        ends = tuple(metric.scale * end for end in (own.mean, own.low, own.high))
        value, low, high = ratios[arm.digest] if ratios else ends
        rows.append(
            {
                "label": arm_name(report.plan, arm),
                "arm": arm.digest,
                "metric": quality,
                "value": mean.mean,
                "low": mean.low,
                "high": mean.high,
                "against": cost,
                "unit": TIMES if ratios else metric.unit,
                "cost": value,
                "cost_low": low,
                "cost_high": high,
                "what": standings[arm.digest],
            }
        )
    keys = ("label", "arm", "against", "unit", "cost", "cost_low", "cost_high")
    data = frame(rows, analysis.catalogue, *keys).astype(dict.fromkeys(keys[4:], float))
    return data.drop(columns="seed")


# ---- the figure ----


def _figure(report: Report, parts: Sequence[list[ArmMark]]) -> Figure:
    quality = report.plan.catalogue[report.plan.tested]
    every = [mark for marks in parts for mark in marks]
    down = len(parts) if report.style.is_column else -(-len(parts) // ABREAST)
    across = -(-len(parts) // down)
    figure = Figure(figsize=(report.style.inches, 0.3 + HEIGHT[across] * down))
    panels = figure.subplots(down, across, sharey=True, squeeze=False).ravel()
    for axes, marks in zip(panels, parts, strict=False):
        _panel(axes, marks, report.plan.catalogue[marks[0].against])
    for axes in panels[len(parts) :]:
        axes.set_visible(False)
    within_percent(panels[0], quality, (mark.value for mark in every))
    linear(panels[0].yaxis, 5)
    for axes in panels[::across]:
        axes.set_ylabel(format.head(quality))
    present = {mark.what for mark in every}
    styles = {MEANINGS[what]: style for what, style in STYLES.items() if what in present}
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
    for axes, marks in zip(panels, parts, strict=False):
        front = _front(marks, report.plan.catalogue[marks[0].against])
        place(axes, _labels(report, marks), front, [*_bars(marks)])
    return figure


def _panel(axes: Axes, marks: list[ArmMark], cost: Metric) -> None:
    axes.grid(True, axis="both")
    costs, unit = [mark.cost for mark in marks], marks[0].unit
    if unit == TIMES:
        multiples(axes.xaxis, costs)
        axes.axvline(1, color=GREY, linewidth=0.6, zorder=1)
    elif spread(costs) > LOG_FROM:
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
    head = f"{format.name(cost)} ({unit})" if unit else format.name(cost)
    axes.set_xlabel(f"{format.name(cost)}, × baseline" if unit == TIMES else head)


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


def _front(marks: Sequence[ArmMark], cost: Metric) -> list[Segment]:
    """The front as steps: the best quality at every cost."""
    front = sorted((m for m in marks if m.what == FRONT), key=lambda m: (m.cost, m.value))
    first, *rest = front if cost.better == "lower" else reversed(front)
    corners = [(first.cost, first.value)]
    for mark in rest:
        # A step, not a slope: no model was measured between two points of the front.
        corners += [(mark.cost, corners[-1][1]), (mark.cost, mark.value)]
    return list(pairwise(corners))


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
    labels = []
    for mark in sorted(marks, key=lambda mark: (mark.arm != base, order[mark.what])):
        few = len(marks) <= NAMED or mark.what == FRONT or mark.arm == base
        text = wrapped(mark.label, LABEL_WIDTH, size=TINY)
        labels.append(
            Label(
                (mark.cost, mark.value),
                text if few else "",
                needed=mark.arm == base or (mark.what == FRONT and len(marks) <= NAMED),
                colour=GREY if mark.what == BEHIND and mark.arm != base else BLACK,
                weight="bold" if mark.arm == base else "normal",
            )
        )
    return labels


# ---- alternative text ----


def _alt(data: pd.DataFrame, catalogue: Catalogue, quality: str) -> str:
    metric, sentences = catalogue[quality], []
    for name, panel in data.groupby("against", sort=False):
        marks = stats.typed_rows(panel, ArmMark)
        cost = catalogue[str(name)]
        sentences.append(f"{format.head(metric)} against {format.name(cost)} of {len(marks)} arms.")
        for what, meaning in MEANINGS.items():
            own = sorted((m for m in marks if m.what == what), key=lambda mark: mark.cost)
            texts = [
                f"{mark.label} {format.number(mark.value, metric.digits)} at {_amount(mark)}"
                for mark in own
            ]
            sentences += [f"{meaning.capitalize()}: {listing(texts)}."] * bool(texts)
    return " ".join(sentences)


def _amount(mark: ArmMark) -> str:
    digits = significant(mark.cost)
    return f"×{digits}" if mark.unit == TIMES else f"{digits} {mark.unit}".strip()
