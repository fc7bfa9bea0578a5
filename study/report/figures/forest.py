"""Forest plots: differences in rows, each with its interval, its seeds and its number."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, Protocol

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study import format, stats
from study.report.contents import Report
from study.report.figures import row_layout
from study.report.figures.axes import linear
from study.report.figures.interval_text import interval_text
from study.report.figures.report_figure import (
    ReportFigure,
    any_range,
    error_bars,
    listing,
    numbered,
    value_text,
)
from study.report.figures.row_layout import Line, Page
from study.report.figures.style import BLACK, BLUE, GREY, PALE, SMALL, TINY
from study.report.figures.text_fit import width, wrapped

PANELS = {True: 1, False: 3}  # panels side by side, by whether the figure has one column
SEED, MEAN, FLOOR = "seed", "mean", "noise floor"
LEAST = 84  # points of a panel with the gap between panels, which long numbers leave free
FIGURE_SPACE = "\u2007"  # as wide as a digit


class RowMark(NamedTuple):
    """A row of the figure's data; a noise floor has no row."""

    row: str
    label: str
    n: int
    metric: str
    what: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class ForestPlot:
    """Differences in rows, before they are drawn."""

    name: str
    """Name of its files."""
    lines: Sequence[Line]
    data: pd.DataFrame
    """One row per mark; `what` is seed, mean, noise floor, or the state of a row without a mean."""
    key: str
    """The column of the data with the keys of the lines."""
    metrics: Sequence[str]
    intro: str
    """The first sentence of the alternative text."""
    states: dict[str, str] = field(default_factory=dict)
    """Words below the number of a row, by its key."""
    zero: str = ""
    """Words for zero, unless the headings of all blocks say what the baseline is."""

    @cached_property
    def marks(self) -> list[RowMark]:
        rows = self.data.rename(columns={self.key: "row"})
        return stats.typed_rows(rows, RowMark)

    @property
    def measured(self) -> list[str]:
        """The metrics with a difference."""
        known = {
            mark.metric for mark in self.marks if mark.what == MEAN and mark.value == mark.value
        }
        return [name for name in self.metrics if name in known]


def figures(report: Report, forest: ForestPlot) -> Iterator[ReportFigure]:
    """One panel per quality side by side; several figures if there are too many rows or panels."""
    number, whole = 0, _texts(report, forest, forest.marks)
    for names in row_layout.chunks(forest.measured, PANELS[report.style.is_column]):
        room = row_layout.label_room(report.style.inches, len(names))
        # What labels leave of a panel, less the least that shows how intervals lie.
        used = row_layout.used_room(forest.lines, room)
        left = (72 * report.style.inches - used) / len(names) - LEAST
        texts = {key: _in_lines(text, left) for key, text in whole.items()}
        # A row must be as high as its tallest text in any panel.
        notes = {row: max((texts[n, row] for n in names), key=_lines) for _, row in texts}
        for page in row_layout.pages(forest.lines, room, notes):
            rows = forest.data[forest.key]
            here = rows.isin(row_layout.places(page)) | (forest.data["what"] == FLOOR)
            own = forest.data[here & forest.data["metric"].isin(names)]
            figure = _figure(report, forest, names, page=page, texts=texts)
            alt = _alt(report, forest, names, page=page, texts=texts)
            yield ReportFigure(numbered(forest.name, number), figure, own, alt)
            number += 1


def _in_lines(text: str, room: float) -> str:
    """A number above its interval, and the ends of that above each other, where they are long."""
    for sign, broken in ((" [", "\n["), (", ", ",\n")):
        if max(width(line, TINY) for line in text.split("\n")) > room:
            text = text.replace(sign, broken, 1)
    return text


def _lines(text: str) -> int:
    return text.count("\n")


def _texts(report: Report, forest: ForestPlot, marks: list[RowMark]) -> dict[tuple[str, str], str]:
    """The text at the right of a row, by metric and row: as in the table, or its state."""
    texts = {}
    for mark in marks:
        if mark.what == MEAN:
            state = forest.states.get(mark.row, "")
            number = mean_text(mark, report.plan.catalogue[mark.metric].digits)
            texts[mark.metric, mark.row] = f"{number}\n{state}" if state else number
        elif mark.what not in (SEED, FLOOR):
            texts[mark.metric, mark.row] = mark.what
    return texts


class MeanMark(format.Interval, Protocol):
    """A mean difference of `n` pairs."""

    @property
    def n(self) -> int: ...


def mean_text(mark: MeanMark, digits: int) -> str:
    """A mean difference with its interval; as in the table, [--] says that equal ones have none."""
    no_interval = f" [{format.ABSENT}]" * bool(mark.n > 1 and mark.low != mark.low)
    return value_text(mark, digits, signed=True) + no_interval


# ---- the figure ----


def _figure(
    report: Report,
    forest: ForestPlot,
    names: list[str],
    *,
    page: Page,
    texts: dict[tuple[str, str], str],
) -> Figure:
    figure, panels = row_layout.sheet(page, len(names), report.style.inches, spare=0.62)
    places = row_layout.places(page)
    for axes, name in zip(panels, names, strict=True):
        own = [mark for mark in forest.marks if mark.metric == name]
        _panel(axes, own, places, ticks=4 if report.style.is_column else 7 - len(names))
        axes.set_xlabel(format.difference_head(report.plan.catalogue[name]), parse_math=False)
        # By all marks, so that every page has the same axis.
        axes.set_xlim(*_span(own))
        _write_numbers(axes, places, {row: texts.get((name, row), "missing") for row in places})
    write_note(figure, _meaning(report, forest, names))
    return figure


def write_note(figure: Figure, text: str) -> None:
    """Write below the panels what marks and bars are."""
    note = wrapped(text, 72 * figure.get_figwidth() - 16, size=SMALL, lines=4)
    figure.supxlabel(note, fontsize=SMALL, color=BLACK, parse_math=False)


def _write_numbers(axes: Axes, places: dict[str, float], texts: dict[str, str]) -> None:
    """Write the numbers with their decimal points below each other."""
    # A number has a sign unless it is zero; anything else is the state of an arm.
    numbers = {row for row, text in texts.items() if text.startswith(("+", "−", "0"))}
    longest = max((len(texts[row].split()[0]) for row in numbers), default=0)
    for row, y in places.items():
        space = FIGURE_SPACE * (longest - len(texts[row].split()[0])) if row in numbers else ""
        row_layout.write_beside(axes, y, space + texts[row], word=row not in numbers)


def _meaning(report: Report, forest: ForestPlot, names: list[str]) -> str:
    """One line that says what marks, bars, band and zero are."""
    own = [mark for mark in forest.marks if mark.metric in names]
    means = [mark for mark in own if mark.what == MEAN]
    kinds = {mark.what for mark in own}
    # All qualities of a study have the same seeds, or the same images.
    interval = f" with {interval_text(report.analysis, names[0])}" if any_range(means) else ""
    # The signs themselves, not their names: a number key would look like a level.
    parts = [f"● mean{interval}"] * bool(_without_seed_mark(means, own))
    parts += ["○ one seed"] * (SEED in kinds)
    parts += ["grey band: noise floor (A/A)"] * (FLOOR in kinds)
    return " · ".join(parts + [f"0: {forest.zero}"] * bool(forest.zero))


def _without_seed_mark(means: list[RowMark], every: list[RowMark]) -> list[RowMark]:
    """The means that are drawn: that of one seed is drawn already, as that seed."""
    drawn = {mark.row for mark in every if mark.what == SEED}
    return [mark for mark in means if mark.n > 1 or mark.row not in drawn]


def _span(marks: list[RowMark]) -> tuple[float, float]:
    """The limits of the axis: the same on every page, and including zero."""
    ends = [end for mark in marks for end in (mark.value, mark.low, mark.high) if end == end]
    low, high = min(0.0, *ends), max(0.0, *ends)
    # So that no mark touches the frame; 1 where every mark is at zero.
    room = 0.06 * (high - low) or 1.0
    return low - room, high + room


def _panel(axes: Axes, marks: list[RowMark], places: dict[str, float], *, ticks: int) -> None:
    """Draw the marks of one metric; `places` are the rows of this page."""
    for mark in marks:
        if mark.what == FLOOR:
            axes.axvspan(mark.low, mark.high, color=PALE, zorder=0)
    axes.axvline(0, color=BLACK, linewidth=0.7, zorder=0.5)
    here = [mark for mark in marks if mark.row in places]
    seeds = [mark for mark in here if mark.what == SEED]
    means = _without_seed_mark([mark for mark in here if mark.what == MEAN], here)
    beside = {mark.row for mark in means}
    axes.scatter(
        [mark.value for mark in seeds],
        # In lines, downwards: seeds below the middle of the row, the mean above it.
        [places[mark.row] + 0.32 * (mark.row in beside) for mark in seeds],
        s=8,
        facecolors="white",
        edgecolors=GREY,
        linewidths=0.7,
        zorder=2,
    )
    axes.errorbar(
        [mark.value for mark in means],
        [places[mark.row] - 0.12 * bool(seeds) for mark in means],
        xerr=error_bars(means),
        fmt="o",
        color=BLUE,
        markersize=3.5,
        capsize=2,
        linewidth=1,
        zorder=3,
    )
    # One tick beside zero is no scale.
    linear(axes.xaxis, ticks, least=3)


# ---- alternative text ----


def _alt(
    report: Report,
    forest: ForestPlot,
    names: list[str],
    *,
    page: Page,
    texts: dict[tuple[str, str], str],
) -> str:
    lines, rows = [forest.intro], row_layout.places(page)
    for name in names:
        metric = report.plan.catalogue[name]
        own = [mark for mark in forest.marks if mark.metric == name]
        means = [m for m in own if m.row in rows and m.what not in (SEED, FLOOR)]
        unit = f" [{interval_text(report.analysis, name)}]" * any_range(means)
        rest = listing(f"{mark.label} {texts[name, mark.row]}" for mark in means)
        lines.append(f"{format.difference_head(metric)}{unit}: {rest}.")
        for mark in own:
            if mark.what == FLOOR:
                lines.append(f"Noise floor ±{format.number(mark.high, metric.digits)}.")
    return " ".join(lines)
