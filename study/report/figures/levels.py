"""Figure of quality and cost over the levels of each factor, in panels with a shared axis.

Published numbers are not drawn, because readers take two points in one panel as comparable. Those
that are comparable have their own figure.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study import format
from study.report.contents import Report
from study.report.figures.axes import linear, logarithmic, wide, within_percent
from study.report.figures.level_marks import LevelMark, points
from study.report.figures.report_figure import (
    ReportFigure,
    any_range,
    error_bars,
    listing,
    numbered,
    value_text,
)
from study.report.figures.row_layout import chunks
from study.report.figures.style import (
    BLUE,
    COLUMN,
    GREY,
    PAGE,
    PALE,
    PALE_VERMILLION,
    SMALL,
    VERMILLION,
)
from study.report.figures.text_fit import broken, width, wrapped
from study.report.table import plain
from study.spec.metric import Catalogue
from study.spec.study import file_name
from study.stats import typed_rows

AXIS = {COLUMN: 180, PAGE: 430}  # points: length of the axis of levels, by width of the figure
LINE = 9.5  # points: height of a line of a tick label
UPRIGHT = 110  # points: longest line of an upright tick label
SIDE_BY_SIDE = 7  # numbers that fit side by side in a column
LEVELS_PER_FIGURE = 24
LOG_FROM = 4  # ratio of the largest to the smallest cost from which the axis is logarithmic


@dataclass(frozen=True)
class Panel:
    """The marks of one metric in one figure."""

    axes: Axes
    marks: list[LevelMark]
    base: list[LevelMark]
    """The marks of the baseline, which may be on another page."""
    order: list[str]
    """The levels on the axis."""

    def x(self, mark: LevelMark) -> int:
        return self.order.index(mark.level)

    def levels_with(self, marks: list[LevelMark]) -> int:
        """How many levels have one of the marks."""
        return len({mark.level for mark in marks})


def levels(report: Report) -> Iterator[ReportFigure]:
    """One figure per factor with two or more levels in arms that change nothing else."""
    for index, factor in enumerate(report.plan.study.factors):
        data = points(report, index)
        marks = typed_rows(data, LevelMark)
        order = list(dict.fromkeys(mark.level for mark in marks))
        if len(order) < 2:
            continue
        for number, part in enumerate(chunks(order, LEVELS_PER_FIGURE)):
            own = data[data["level"].isin(part)]
            name = numbered(f"{file_name(factor.path)}-levels", number)
            alt = _alt(factor.path, own, report.plan.catalogue)
            yield ReportFigure(name, _figure(report, marks, part), own, alt)


# ---- the figure ----


def _figure(report: Report, marks: list[LevelMark], order: list[str]) -> Figure:
    metrics = list(dict.fromkeys(mark.metric for mark in marks))
    across = COLUMN if len(order) <= 2 * SIDE_BY_SIDE else PAGE
    labels = _tick_labels(order, AXIS[across])
    # Inches: 1.2 for a panel, half an inch for the legend.
    figure = Figure(figsize=(across, 0.5 + 1.2 * len(metrics) + labels.height))
    panels = figure.subplots(len(metrics), sharex=True, squeeze=False)[:, 0]
    for axes, name in zip(panels, metrics, strict=True):
        metric = report.plan.catalogue[name]
        own = [mark for mark in marks if mark.metric == name]
        base = [mark for mark in own if mark.level == marks[0].level]
        on_page = [mark for mark in own if mark.level in order]
        PANELS[metric.kind](report, Panel(axes, on_page, base, order))
        # The unit on a line of its own: panels are too low for one line of text.
        axes.set_ylabel(format.head(metric).replace(" (", "\n("), parse_math=False)
    panels[-1].set_xlim(-0.6, len(order) - 0.4)
    panels[-1].set_xticks(
        range(len(order)), labels.texts, rotation=labels.rotation, parse_math=False, linespacing=1.0
    )
    handles, meanings = panels[0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, meanings, loc="outside upper center", ncols=2, handletextpad=0.5)
    return figure


def _quality(report: Report, panel: Panel) -> None:
    _draw_seeds(panel, [mark for mark in panel.marks if mark.what == "seed"])
    means = [mark for mark in panel.marks if mark.what == "mean"]
    _draw_means(panel, means, report.analysis.inference.name)
    _compared(report, panel.axes, [mark for mark in panel.base if mark.what == "mean"])
    _write_states(panel, [mark for mark in panel.marks if mark.what not in ("seed", "mean")])
    if panel.marks:
        metric = report.plan.catalogue[panel.marks[0].metric]
        within_percent(panel.axes, metric, (mark.value for mark in panel.marks))
    linear(panel.axes.yaxis, 5)


def _draw_seeds(panel: Panel, marks: list[LevelMark]) -> None:
    """Draw the seeds of each level side by side, at the right of its mean."""
    if not marks:
        return
    aside = 0.08 + 0.015 * panel.levels_with(panel.marks)
    xs, turns = list[float](), Counter[str]()
    for mark in marks:
        # Four columns of circles; a fifth seed begins again beside the mean.
        xs.append(panel.x(mark) + aside * (1 + 0.3 * (turns[mark.level] % 4)))
        turns[mark.level] += 1
    panel.axes.scatter(
        xs,
        [mark.value for mark in marks],
        s=9,
        facecolors="white",
        edgecolors=GREY,
        linewidths=0.7,
        label="one seed",
    )


def _draw_means(panel: Panel, marks: list[LevelMark], interval: str) -> None:
    panel.axes.errorbar(
        [panel.x(mark) for mark in marks],
        [mark.value for mark in marks],
        yerr=error_bars(marks),
        fmt="o",
        color=BLUE,
        markersize=4,
        capsize=2.5,
        linewidth=1,
        label=f"mean, {interval}" if any_range(marks) else "mean",
    )


def _write_states(panel: Panel, marks: list[LevelMark]) -> None:
    """Write the state of every arm without a mean upright above its level."""
    for mark in marks:
        panel.axes.annotate(
            mark.what,
            (panel.x(mark), 0.06),
            xycoords=("data", "axes fraction"),
            rotation=90,
            ha="center",
            va="bottom",
            color=GREY,
            fontstyle="italic",
            fontsize=SMALL,
        )


def _compared(report: Report, axes: Axes, base: list[LevelMark]) -> None:
    """Draw the baseline as a line, with the noise floor of the A/A arm as a band around it."""
    for mark in base:
        scale = report.plan.catalogue[mark.metric].scale
        band = report.analysis.noise_range(mark.metric)
        if band is not None:
            low, high = (mark.value + end * scale for end in band)
            axes.axhspan(low, high, color=PALE, zorder=0, label="noise floor (A/A)")
        axes.axhline(
            mark.value,
            color=GREY,
            linewidth=0.6,
            linestyle=(0, (4, 3)),
            zorder=0.5,
            label="baseline",
        )


def _cost(report: Report, panel: Panel) -> None:
    """Draw bars from zero, or squares on a logarithmic axis, which has no zero to start from."""
    axes, marks = panel.axes, [mark for mark in panel.marks if mark.value == mark.value]
    xs, values = [panel.x(mark) for mark in marks], [mark.value for mark in marks]
    metric = report.plan.catalogue[marks[0].metric]
    crowded = panel.levels_with(marks) > SIDE_BY_SIDE
    if wide(values, LOG_FROM):
        logarithmic(axes.yaxis, values)
        axes.plot(xs, values, "s", color=VERMILLION, markersize=5)
        # Factors, not distances, on a logarithmic axis: room for the numbers above the squares.
        axes.set_ylim(min(values) / 1.5, max(values) * (4 if crowded else 2))
    else:
        axes.bar(xs, values, width=0.5, color=PALE_VERMILLION, edgecolor=VERMILLION, hatch="///")
        # Room for the number of the tallest bar, which is turned upright if bars are many.
        axes.set_ylim(0, max(values) * (1.6 if crowded else 1.25) or 1)
        linear(axes.yaxis)
    for x, value in zip(xs, values, strict=True):
        text = format.number(value, metric.digits)
        axes.annotate(
            text,
            (x, value),
            (0, 6 if crowded else 4),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=SMALL,
            rotation=90 if crowded else 0,
        )


PANELS: dict[str, Callable[[Report, Panel], None]] = {
    "quality": _quality,
    "cost": _cost,
}


class TickLabels(NamedTuple):
    """Labels of the levels below the axis."""

    texts: list[str]
    rotation: int
    """Degrees: 0 or 90."""
    height: float
    """Inches that the labels take below the axis."""


def _tick_labels(order: list[str], axis: float) -> TickLabels:
    """Labels of the levels, upright if they are too long to stand side by side."""
    slot = axis / len(order) - 4
    # A word that is wider than its slot would be cut; upright labels have more room.
    longest = max((width(word, 7.5) for label in order for word in label.split()), default=0)
    texts = [wrapped(label, slot) for label in order]
    if longest <= slot and all(len(broken(label, slot, 7.5)) <= 3 for label in order):
        texts = [wrapped(label, slot, lines=3) for label in order]
        return TickLabels(texts, 0, max(text.count("\n") + 1 for text in texts) * LINE / 72)
    texts = [wrapped(label, UPRIGHT, lines=max(1, min(4, int(slot / LINE)))) for label in order]
    lines = [width(line, 7.5) for text in texts for line in text.split("\n")]
    return TickLabels(texts, 90, max(lines) / 72)


# ---- alternative text ----


def _alt(path: str, data: pd.DataFrame, catalogue: Catalogue) -> str:
    sentences = [plain(f"Levels of {path}, the first the baseline's.")]
    for name, part in data.groupby("metric", sort=False):
        metric = catalogue[str(name)]
        words = _words(typed_rows(part, LevelMark), metric.digits)
        sentences.append(f"{format.head(metric)}: {listing(words)}.")
    return " ".join(sentences)


def _words(marks: list[LevelMark], digits: int) -> Iterator[str]:
    for mark in marks:
        if mark.what != "seed":
            absent = mark.value != mark.value
            yield f"{mark.level} {mark.what if absent else value_text(mark, digits)}"
