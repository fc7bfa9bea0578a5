"""Figure of the effects of factors in a fraction, aliased ones as the sums that they are."""

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study import format, stats
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
from study.report.figures.row_layout import Line
from study.report.figures.states import qualities
from study.report.figures.style import BLACK, BLUE, COLUMN, PAGE
from study.spec.arm_names import sum_name

LABEL_WIDTH = {COLUMN: 92, PAGE: 170}  # points, by width of the figure; sums are long
HEADS = {1: "main effects", 2: "interactions"}
PANELS = 2  # qualities side by side in one figure


class FactorMark(NamedTuple):
    """A row of the figure's data."""

    effect: str
    metric: str
    what: str
    value: float
    low: float
    high: float


def factors(report: Report) -> Iterator[ReportFigure]:
    """One row per effect or sum of aliased effects, one panel per quality.

    None for studies without aliased effects: those of all combinations are in `interactions`.
    """
    if not any(row.aliases for row in report.analysis.factorial):
        return
    data = points(report)
    marks = stats.typed_rows(data, FactorMark)
    measured = {mark.metric for mark in marks if mark.value == mark.value}
    number = 0
    for names in row_layout.chunks([n for n in qualities(report.plan) if n in measured], PANELS):
        width = COLUMN if len(names) == 1 else PAGE
        own = [mark for mark in marks if mark.metric in names]
        for page in row_layout.pages(_lines(own), LABEL_WIDTH[width]):
            here = data.effect.isin(row_layout.places(page)) & data.metric.isin(names)
            figure = _figure(report, own, names, page=page, width=width)
            alt = _alt(report, stats.typed_rows(data[here], FactorMark))
            yield ReportFigure(numbered("factors", number), figure, data[here], alt)
            number += 1


# ---- data ----


def points(report: Report) -> pd.DataFrame:
    """One row per effect; `what` is the kind of the first of the aliased ones."""
    study = report.plan.study
    records = [
        {
            "effect": sum_name(study, [(row.term, 1.0), *row.aliases]),
            "metric": row.metric,
            "what": HEADS[len(row.term)],
            "value": row.mean,
            "low": row.low,
            "high": row.high,
        }
        for row in report.analysis.factorial
    ]
    return frame(records, report.plan.catalogue, "effect").drop(columns="seed")


def _lines(marks: list[FactorMark]) -> Iterator[Line]:
    for head in HEADS.values():
        names = dict.fromkeys(mark.effect for mark in marks if mark.what == head)
        if names:
            yield Line(head, None)
        # The name of a sum is its own: two sums have different first terms.
        yield from (Line(name, name) for name in names)


# ---- the figure ----


def _figure(
    report: Report,
    marks: list[FactorMark],
    names: list[str],
    *,
    page: row_layout.Page,
    width: float,
) -> Figure:
    figure, panels = row_layout.sheet(page, len(names), width, spare=0.95)
    places = row_layout.places(page)
    for axes, name in zip(panels, names, strict=True):
        metric = report.plan.catalogue[name]
        own = [mark for mark in marks if mark.metric == name]
        _panel(axes, [m for m in own if m.effect in places], places, report.analysis.inference.name)
        # By all marks, so that every page has the same axis.
        axes.set_xlim(*_span(own))
        axes.set_xlabel(format.difference_head(metric), parse_math=False)
        for mark in own:
            if mark.effect in places:
                text = _text(report, mark)
                row_layout.write_beside(axes, places[mark.effect], text, word=text == format.ABSENT)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure


def _text(report: Report, mark: FactorMark) -> str:
    """The number at the right of a row, as in the table: [--] where equal ones have no interval."""
    text = value_text(mark, report.plan.catalogue[mark.metric].digits, signed=True)
    several = report.analysis.seeds > 1 and text != format.ABSENT
    return f"{text} [{format.ABSENT}]" if several and mark.low != mark.low else text


def _span(marks: list[FactorMark]) -> tuple[float, float]:
    """The limits of the axis, which include zero."""
    ends = [end for mark in marks for end in (mark.value, mark.low, mark.high) if end == end]
    low, high = min(0.0, *ends), max(0.0, *ends)
    room = 0.06 * (high - low) or 1.0  # so that no mark touches the frame
    return low - room, high + room


def _panel(axes: Axes, marks: list[FactorMark], places: dict[str, float], interval: str) -> None:
    axes.axvline(0, color=BLACK, linewidth=0.7, zorder=0.5, label="no effect")
    axes.errorbar(
        [mark.value for mark in marks],
        [places[mark.effect] for mark in marks],
        xerr=error_bars(marks),
        fmt="o",
        color=BLUE,
        markersize=3.5,
        capsize=2,
        linewidth=1,
        label=f"effect, {interval}" if any_range(marks) else "effect",
    )
    linear(axes.xaxis)


# ---- alternative text ----


def _alt(report: Report, marks: list[FactorMark]) -> str:
    lines = ["Effects of factors; a sum is aliased effects, which these arms cannot separate."]
    for name in dict.fromkeys(mark.metric for mark in marks):
        metric = report.plan.catalogue[name]
        own = [mark for mark in marks if mark.metric == name]
        unit = f" [{report.analysis.inference.name}]" * any_range(own)
        texts = (f"{mark.effect} {_text(report, mark)}" for mark in own)
        lines.append(f"{format.difference_head(metric)}{unit}: {listing(texts)}.")
    return " ".join(lines)
