"""Figure of measured against published numbers whose protocols agree."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study import format
from study.analysis import verdicts
from study.metrics import METRICS, Metric
from study.report.contents import Report
from study.report.figures import row_layout
from study.report.figures.axes import linear
from study.report.figures.figure import NUMBERS, ReportFigure, listing, named_rows, numbered
from study.report.figures.style import BLACK, BLUE, COLUMN, GREY
from study.spec.study import file_name

LABEL_WIDTH = 96  # points
KEYS = ("row", "arm", "status", "printed", "verdict", "text")


def published(report: Report) -> Iterator[ReportFigure]:
    """One figure per metric, one row per published number whose level has a verdict.

    Speeds are absent, because their levels are never comparable; so are unverified numbers, which
    get no verdict.
    """
    data = points(report)
    for name, part in data.groupby("metric", sort=False):
        lines = [
            row_layout.Line(row.text, row.arm) for row in named_rows(part.drop_duplicates("arm"))
        ]
        for number, page in enumerate(row_layout.pages(lines, LABEL_WIDTH)):
            own = part[part["arm"].isin(row_layout.places(page))].drop(columns="text")
            metric = METRICS[str(name)]
            title = numbered(f"published-{file_name(str(name))}", number)
            yield ReportFigure(title, _figure(own, page, metric), own, _alt(own, metric))


# ---- data ----


def points(report: Report) -> pd.DataFrame:
    """Two rows per published number: published, with its margin, and measured, with its interval.

    Values are differences from the published number, for costs in per cent of it, because the costs
    in one panel differ in size.
    """
    verdict_rows = report.assessment.verdicts
    comparable = named_rows(verdict_rows[verdict_rows["unlike"] == ""])
    listed = list[dict[str, Any]]()
    for row in comparable:
        metric = METRICS[row.metric]
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


def _verdict(row: Any) -> str:
    """The verdict on the level; "not comparable" can only mean that no margin is stated here."""
    word = "no margin stated" if row.level == verdicts.NOT_COMPARABLE else str(row.level)
    return word if row.measured == row.measured else f"{word}: {format.DIVERGED}"


def _margin(report: Report, row: Any, metric: Metric) -> float:
    """The margin within which the level is reproduced; NaN without a stated margin."""
    stated = report.plan.study.margins.get(row.metric, float("nan"))
    if metric.kind != "cost":
        # `stated != stated` is NaN: no margin is stated, and a published spread takes its place.
        return float(row.spread if stated != stated and row.spread else stated + row.spread)
    # Half a unit of the last published digit is the largest rounding error.
    half = 0.5 * 10.0**-row.digits
    within = max(half, stated if stated == stated else 0) + row.spread
    return float(100 * within / row.printed)


def _printed(row: Any) -> str:
    return format.published(row.printed, row.digits, row.spread, row.status)


def _apart(value: float, row: Any, metric: Metric) -> float:
    apart = value - row.printed
    return float(100 * apart / row.printed if metric.kind == "cost" else apart)


# ---- the figure ----


def _figure(data: pd.DataFrame, page: row_layout.Page, metric: Metric) -> Figure:
    figure, (axes,) = row_layout.sheet(page, 1, COLUMN, spare=0.95)
    places = row_layout.places(page)
    data = data.assign(y=data["arm"].map(places))
    _draw_numbers(axes, data)
    axes.set_xlabel(f"{format.name(metric)}, measured − published ({_unit(metric)})")
    linear(axes.xaxis, 4)
    for row in named_rows(data[data["what"] == "measured"]):
        row_layout.beside(axes, row.y, row.verdict)
    handles, meanings = axes.get_legend_handles_labels()
    figure.legend(handles, meanings, loc="outside upper center", ncols=3, columnspacing=1)
    return figure


def _draw_numbers(axes: Axes, data: pd.DataFrame) -> None:
    printed, measured = data[data["what"] == "published"], data[data["what"] == "measured"]
    axes.use_sticky_edges = False  # else the widest band would end at the border of the panel
    banded = printed[printed["low"].notna()]
    axes.barh(
        banded["y"],
        banded["high"] - banded["low"],
        left=banded["low"],
        height=0.9,
        color="#d9d9d9",
        linewidth=0,
        # Matplotlib leaves labels that begin with an underscore out of the legend.
        label="margin" if len(banded) else "_",
    )
    axes.axvline(0, color=GREY, linewidth=0.6, zorder=1)
    axes.hlines(measured["y"], 0, measured["value"], color=GREY, linewidth=1.4, zorder=2)
    axes.plot(
        printed["value"],
        printed["y"],
        "D",
        markersize=4,
        markerfacecolor="white",
        color=BLACK,
        markeredgewidth=0.8,
        linestyle="none",
        label="published",
    )
    reach = [measured["value"] - measured["low"], measured["high"] - measured["value"]]
    axes.errorbar(
        measured["value"],
        measured["y"],
        xerr=reach,
        fmt="o",
        color=BLUE,
        markersize=3.8,
        capsize=2,
        linewidth=1,
        zorder=3,
        label="measured, 95 % interval" if measured["low"].notna().any() else "measured",
    )


def _unit(metric: Metric) -> str:
    return "%" if metric.kind == "cost" else metric.difference_unit


# ---- alternative text ----


def _alt(data: pd.DataFrame, metric: Metric) -> str:
    digits = 1 if metric.kind == "cost" else metric.digits
    measured = data[data["what"] == "measured"]
    texts = (
        f"{row.row} {format.number(row.value, digits, signed=True)} ({row.verdict})"
        for row in named_rows(measured)
    )
    counts = measured["verdict"].value_counts(sort=False)
    words = ", ".join(f"{count} {word}" for word, count in counts.items())
    return (
        f"{format.name(metric)}, measured less published, in {_unit(metric)}: {listing(texts)}. "
        f"Of {len(measured)}: {words}."
    )
