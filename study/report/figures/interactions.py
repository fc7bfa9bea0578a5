"""Figure of interactions: means of combinations of levels, a line for each level of one factor.

Lines that are not parallel are an interaction. The table of factors has its numbers.
"""

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study import format, stats
from study.analysis.cell_means import cell_means
from study.report.contents import Report
from study.report.figures.axes import linear, within_percent
from study.report.figures.forest import write_note
from study.report.figures.interval_text import interval_text
from study.report.figures.report_figure import (
    ReportFigure,
    any_range,
    frame,
    listing,
    numbered,
    value_text,
)
from study.report.figures.row_layout import chunks
from study.report.figures.series import Point, Series, draw, name_ends, names_width, panels
from study.report.figures.style import GREY, SMALL, TINY
from study.report.figures.text_fit import all_wrapped, wrapped
from study.report.table import plain
from study.spec.metric import Metric
from study.spec.study import Factor, Study, file_name

PAIRS = {True: 4, False: 8}  # panels in a figure, by whether it has one column
DODGE = 0.05  # of the distance between two levels


class CellMark(NamedTuple):
    """A row of the figure's data: the mean at a level of each factor of the pair."""

    pair: str
    across: str
    line: str
    value: float
    low: float
    high: float


def interactions(report: Report) -> Iterator[ReportFigure]:
    """One figure per quality, one panel per pair of factors.

    Pairs with an effect that is aliased have none: a line would show a sum as one effect.
    """
    effects, study = report.analysis.factorial, report.plan.study
    pairs = _separate(effects, list(combinations(range(len(study.factors)), 2))) if effects else []
    for name in report.analysis.of_kind("quality"):
        ordered = [_ordered(study, pair) for pair in pairs]
        shown = [(pair, points(report, name, pair)) for pair in ordered]
        shown = [(pair, data) for pair, data in shown if data["value"].notna().any()]
        for number, part in enumerate(chunks(shown, PAIRS[report.style.is_column])):
            data = pd.concat([own for _, own in part], ignore_index=True)
            figure = _figure(report, name, part)
            title = numbered(f"interactions-{file_name(name)}", number)
            alt = _alt(report.plan.catalogue[name], stats.typed_rows(data, CellMark))
            yield ReportFigure(title, figure, data, alt)


# ---- data ----


def _separate(
    effects: list[stats.FactorialEffect], pairs: list[tuple[int, int]]
) -> list[tuple[int, int]]:
    """The pairs of factors of which no main effect and no interaction is aliased."""
    rows = [[row.term, *(term for term, _ in row.aliases)] for row in effects if row.aliases]
    mixed = {tuple(factor for factor, _ in term) for terms in rows for term in terms}
    return [(a, b) for a, b in pairs if not mixed & {(a,), (b,), (a, b)}]


def _ordered(study: Study, pair: tuple[int, int]) -> tuple[int, int]:
    """The pair with the factor of more levels first, which goes across: lines are few."""
    first, second = pair
    more = len(study.factors[second].levels) > len(study.factors[first].levels)
    return (second, first) if more else pair


def points(report: Report, name: str, pair: tuple[int, int]) -> pd.DataFrame:
    """One row per combination of the levels of two factors: the first across, the other lines."""
    across, lines = (report.plan.study.factors[f] for f in pair)
    rows = [
        {
            "pair": f"{plain(across.title)} × {plain(lines.title)}",
            "across": across.levels[cell.levels[0]].label,
            "line": lines.levels[cell.levels[1]].label,
            "metric": name,
            "what": "mean",
            "value": cell.mean,
            "low": cell.low,
            "high": cell.high,
        }
        for cell in cell_means(report.analysis, name, pair)
    ]
    return frame(rows, report.plan.catalogue, "pair", "across", "line").drop(columns="seed")


# ---- the figure ----


def _figure(report: Report, name: str, part: list[tuple[tuple[int, int], pd.DataFrame]]) -> Figure:
    metric, study = report.plan.catalogue[name], report.plan.study
    figure, every = panels(report, len(part), abreast=2)
    marks = [stats.typed_rows(data, CellMark) for _, data in part]
    placed = []
    for axes, ((a, b), _), own in zip(every, part, marks, strict=True):
        placed.append(_panel(figure, axes, own, (study.factors[a], study.factors[b])))
        axes.set_ylabel(format.head(metric), parse_math=False)
        linear(axes.yaxis, 4)
    ends = [end for own in marks for mark in own for end in (mark.value, mark.low, mark.high)]
    _same_scale(every, metric, ends)
    for axes, series in zip(every, placed, strict=True):
        name_ends(figure, axes, series)
    # Two factors have one arm for each combination.
    averaged = ", averaged over other factors" * (len(study.factors) > 2)
    bars = any(any_range(own) for own in marks)
    text = f", bars: {interval_text(report.analysis, name, level=True)}" if bars else ""
    write_note(figure, f"mean{averaged}{text}")
    return figure


def _same_scale(every: list[Axes], metric: Metric, values: list[float]) -> None:
    """Give all panels one scale, so that slopes compare."""
    # Panels that share an axis would lose the numbers of all but the first.
    limits = [axes.get_ylim() for axes in every]
    for axes in every:
        axes.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
        within_percent(axes, metric, values)


def _series(marks: list[CellMark], lines: Factor) -> list[Series]:
    every = []
    for level in lines.levels:
        own = [mark for mark in marks if mark.line == level.label]
        places = (Point(x, mark.value, mark.low, mark.high) for x, mark in enumerate(own))
        every.append(Series(level.label, tuple(places)))
    return every


def _panel(
    figure: Figure, axes: Axes, marks: list[CellMark], factors: tuple[Factor, Factor]
) -> list[Series]:
    across, lines = factors
    series, count = _series(marks, lines), len(across.levels)
    placed = draw(axes, series, dodge=DODGE)
    axes.set_xlim(-0.3, count - 0.7)
    # Points; 45 are for the numbers and the name of the vertical axis.
    room = 72 * figure.get_figwidth() / len({a.get_position().x0 for a in figure.axes}) - 45
    slot = (room - names_width(series)) / max(1.0, count - 0.4)
    labels = [level.label for level in across.levels]
    texts = all_wrapped(labels, slot - 3, size=TINY, lines=3)
    axes.set_xticks(range(count), texts, parse_math=False, linespacing=1.0, fontsize=TINY)
    axes.set_xlabel(wrapped(across.title, room), parse_math=False)
    # At the right end, above the names of the lines.
    title = wrapped(lines.title, room, size=SMALL)
    axes.set_title(title, loc="right", fontsize=SMALL, color=GREY, parse_math=False)
    return placed


# ---- alternative text ----


def _alt(metric: Metric, marks: list[CellMark]) -> str:
    texts = (f"{mark.across}, {mark.line} {value_text(mark, metric.digits)}" for mark in marks)
    pairs = "; ".join(dict.fromkeys(mark.pair for mark in marks))
    return f"{format.head(metric)}, means of {pairs}: {listing(texts, 12)}."
