"""Figure of measured against published numbers whose protocols agree."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study import format, stats
from study.analysis import verdicts
from study.analysis.verdict_rows import VerdictRow
from study.report.contents import Report
from study.report.figure_style import FigureStyle
from study.report.figures import row_layout
from study.report.figures.axes import linear
from study.report.figures.published_quality import published_quality
from study.report.figures.report_figure import (
    NUMBERS,
    ReportFigure,
    any_range,
    error_bars,
    listing,
    numbered,
)
from study.report.figures.style import BLACK, BLUE, GREY
from study.spec.metric import Metric
from study.spec.study import file_name

LABEL_WIDTH = {"text": 150, "column": 90}  # points
KEYS = ("row", "arm", "status", "printed", "verdict", "text")


class Mark(NamedTuple):
    """A row of the figure's data."""

    row: str
    arm: str
    verdict: str
    what: str
    value: float
    low: float
    high: float


def published(report: Report) -> Iterator[ReportFigure]:
    """One figure per metric, one row per published number whose level has a verdict.

    Speeds are absent, because their levels are never comparable; so are unverified numbers, which
    get no verdict.
    """
    data = points(report)
    yield from published_quality(report)
    width = LABEL_WIDTH[report.style.width]
    for name, part in data.groupby("metric", sort=False):
        # Costs that are all as published are a sentence, which the table of verdicts has.
        if report.plan.catalogue[str(name)].exact and set(part.verdict) == {verdicts.REPRODUCED}:
            continue
        texts = part.drop_duplicates("arm").set_index("arm")["text"]
        lines = [row_layout.Line(str(text), str(arm)) for arm, text in texts.items()]
        for number, page in enumerate(row_layout.pages(lines, width)):
            own = stats.of_arms(part, row_layout.places(page)).drop(columns="text")
            metric = report.plan.catalogue[str(name)]
            title = numbered(f"published-{file_name(str(name))}", number)
            yield ReportFigure(
                title, _figure(own, page, metric, report.style), own, _alt(own, metric)
            )


# ---- data ----


def points(report: Report) -> pd.DataFrame:
    """Two rows per published number: published, with its margin, and measured, with its interval.

    Values are differences from the published number, for costs in per cent of it, because the costs
    in one panel differ in size.
    """
    verdict_rows = report.analysis.assessment.verdicts
    comparable = stats.typed_rows(verdict_rows[verdict_rows["unlike"] == ""], VerdictRow)
    listed = list[dict[str, object]]()
    for row in comparable:
        metric = report.plan.catalogue[row.metric]
        # A published cost of zero has no relative difference.
        if metric.kind == "speed" or (metric.kind == "cost" and not row.printed):
            continue
        keys = {
            "row": row.row,
            "arm": row.arm,
            "metric": row.metric,
            "status": row.status,
            "printed": row.printed,
            "verdict": _verdict(row),
            "text": f"{row.row} ({_printed(row)})",
        }
        margin = _margin(report, row, metric)
        listed.append({**keys, "what": "published", "value": 0.0, "low": -margin, "high": margin})
        spread = [_apart(end, row, metric) for end in (row.measured, row.low, row.high)]
        listed.append({**keys, "what": "measured", **dict(zip(NUMBERS, spread, strict=True))})
    columns = [*KEYS, "metric", "what", *NUMBERS]
    return pd.DataFrame(listed, columns=columns).astype(dict.fromkeys(NUMBERS, float))


def _verdict(row: VerdictRow) -> str:
    """The verdict on the level; "not comparable" can only mean that no margin is stated here."""
    return "no margin stated" if row.level == verdicts.NOT_COMPARABLE else row.level


def _margin(report: Report, row: VerdictRow, metric: Metric) -> float:
    """The margin within which the level is reproduced; NaN without a stated margin."""
    stated = report.plan.study.margins.get(row.metric, float("nan"))
    if metric.kind != "cost":
        # `stated != stated` is NaN: no margin is stated, and a published spread takes its place.
        return float(row.spread if stated != stated and row.spread else stated + row.spread)
    # Half a unit of the last published digit is the largest rounding error.
    half = 0.5 * 10.0**-row.digits
    within = max(half, stated if stated == stated else 0) + row.spread
    return float(100 * within / row.printed)


def _printed(row: VerdictRow) -> str:
    return format.published(row.printed, row.digits, row.spread, row.status)


def _apart(value: float, row: VerdictRow, metric: Metric) -> float:
    apart = value - row.printed
    return float(100 * apart / row.printed if metric.kind == "cost" else apart)


# ---- the figure ----


def _figure(
    data: pd.DataFrame, page: row_layout.Page, metric: Metric, style: FigureStyle
) -> Figure:
    figure, (axes,) = row_layout.sheet(page, 1, style.inches, spare=0.95)
    places = row_layout.places(page)
    marks = stats.typed_rows(data, Mark)
    _draw_numbers(axes, marks, places)
    axes.set_xlabel(_difference_label(metric))
    linear(axes.xaxis, 4)
    for mark in marks:
        if mark.what == "measured":
            row_layout.write_beside(axes, places[mark.arm], mark.verdict)
    handles, meanings = axes.get_legend_handles_labels()
    figure.legend(handles, meanings, loc="outside upper center", ncols=3, columnspacing=1)
    return figure


def _draw_numbers(axes: Axes, marks: list[Mark], places: dict[str, float]) -> None:
    printed = [mark for mark in marks if mark.what == "published"]
    measured = [mark for mark in marks if mark.what == "measured"]
    ys = [places[mark.arm] for mark in measured]
    _draw_margins(axes, [mark for mark in printed if mark.low == mark.low], places)
    values = [mark.value for mark in measured]
    # Before the markers, which would else be crossed by the lines.
    axes.hlines(ys, 0, values, color=GREY, linewidth=1.4, zorder=2)
    axes.plot(
        [mark.value for mark in printed],
        [places[mark.arm] for mark in printed],
        "D",
        markersize=4,
        markerfacecolor="white",
        color=BLACK,
        markeredgewidth=0.8,
        linestyle="none",
        label="published",
    )
    axes.errorbar(
        values,
        ys,
        xerr=error_bars(measured),
        fmt="o",
        color=BLUE,
        markersize=3.8,
        capsize=2,
        linewidth=1,
        zorder=3,
        label="measured, 95 % interval" if any_range(measured) else "measured",
    )


def _draw_margins(axes: Axes, marks: list[Mark], places: dict[str, float]) -> None:
    """Draw the margins as bands around zero, the published number."""
    axes.use_sticky_edges = False  # else the widest band would end at the border of the panel
    axes.barh(
        [places[mark.arm] for mark in marks],
        [mark.high - mark.low for mark in marks],
        left=[mark.low for mark in marks],
        height=0.9,
        color="#d9d9d9",
        linewidth=0,
        # Matplotlib leaves labels that begin with an underscore out of the legend.
        label="margin" if marks else "_",
    )
    axes.axvline(0, color=GREY, linewidth=0.6, zorder=1)


def _difference_label(metric: Metric) -> str:
    unit = _unit(metric)
    return f"{format.name(metric)}, measured − published" + (f" ({unit})" if unit else "")


def _unit(metric: Metric) -> str:
    return "%" if metric.kind == "cost" else metric.difference_unit


# ---- alternative text ----


def _alt(data: pd.DataFrame, metric: Metric) -> str:
    digits = 1 if metric.kind == "cost" else metric.digits
    measured = [mark for mark in stats.typed_rows(data, Mark) if mark.what == "measured"]
    texts = (
        f"{mark.row} {format.number(mark.value, digits, signed=True)} ({mark.verdict})"
        for mark in measured
    )
    counts = Counter(mark.verdict for mark in measured)
    words = ", ".join(f"{count} {word}" for word, count in counts.items())
    return (
        f"{format.name(metric)}, measured less published, in {_unit(metric)}: {listing(texts)}. "
        f"Of {len(measured)}: {words}."
    )
