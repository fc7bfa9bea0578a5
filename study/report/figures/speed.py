"""Figure of speeds: a bar per arm from zero, with the range of the session's rounds."""

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd
from matplotlib.figure import Figure

from study import format
from study.report.contents import Report
from study.report.figures import row_layout
from study.report.figures.axes import linear
from study.report.figures.report_figure import (
    ReportFigure,
    error_bars,
    frame,
    listing,
    numbered,
    value_text,
)
from study.report.figures.style import BLACK, BLUE, COLUMN, PAGE, SKY, SMALL
from study.report.figures.text_fit import wrapped
from study.report.table import plain
from study.stats import of_arms, typed_rows

PANELS_PER_FIGURE = 3  # panels side by side in one figure
LABEL_WIDTH = {COLUMN: 76, PAGE: 100}  # points, by width of the figure
SPREAD = "line: lowest to highest round"


class SpeedMark(NamedTuple):
    """A row of the figure's data."""

    label: str
    arm: str
    metric: str
    value: float
    low: float
    high: float


def speed(report: Report) -> Iterator[ReportFigure]:
    """One row per timed arm, one panel per column that a timing session fills."""
    data, number = points(report), 0
    marks = typed_rows(data, SpeedMark)
    measured = {mark.metric for mark in marks}
    metrics = [name for name in dict.fromkeys(report.plan.timed) if name in measured]
    for names in row_layout.chunks(metrics, PANELS_PER_FIGURE):
        own = data[data["metric"].isin(names)]
        wide = COLUMN if len(names) == 1 else PAGE
        timed = {mark.arm for mark in marks if mark.metric in names}
        listed = [
            line
            for line in row_layout.arm_lines(report.plan, baseline=True)
            if line.key is None or line.key in timed
        ]
        for page in row_layout.pages(listed, LABEL_WIDTH[wide]):
            part = of_arms(own, row_layout.places(page))
            figure = _figure(report, marks, names, page=page, width=wide)
            yield ReportFigure(numbered("speed", number), figure, part, _alt(report, part))
            number += 1


def points(report: Report) -> pd.DataFrame:
    catalogue = report.plan.catalogue
    labels = {arm.digest: arm.label for arm in report.plan.arms}
    order = {arm: place for place, arm in enumerate(labels)}
    timed = [
        row
        for row in report.analysis.estimates.values()
        if catalogue[row.metric].kind == "speed" and row.mean == row.mean
    ]
    records = [
        {
            "label": labels[row.arm],
            "arm": row.arm,
            "metric": row.metric,
            "what": "speed",
            "value": row.mean,
            "low": row.low,
            "high": row.high,
        }
        for row in sorted(timed, key=lambda row: order[row.arm])
    ]
    return frame(records, catalogue, "label", "arm").drop(columns="seed")


def _figure(
    report: Report, marks: list[SpeedMark], names: list[str], *, page: row_layout.Page, width: float
) -> Figure:
    figure, panels = row_layout.sheet(page, len(names), width, spare=0.7)
    places, base = row_layout.places(page), report.plan.baseline.digest
    for axes, name in zip(panels, names, strict=True):
        metric, own = report.plan.catalogue[name], [mark for mark in marks if mark.metric == name]
        here = [mark for mark in own if mark.arm in places]
        values, ys = [mark.value for mark in here], [places[mark.arm] for mark in here]
        # The baseline stands out, as all ratios refer to it.
        colours = [BLUE if mark.arm == base else SKY for mark in here]
        axes.barh(ys, values, height=0.8, color=colours, edgecolor=BLUE, linewidth=0.6)
        axes.errorbar(
            values, ys, xerr=error_bars(here), fmt="none", ecolor=BLACK, elinewidth=0.9, capsize=2
        )
        # From zero, since bars are read by their length.
        ends = [end for mark in own for end in (mark.value, mark.high) if end == end]
        axes.set_xlim(0, 1.05 * max(ends) or 1)
        # Latency and throughput may stand side by side, so each panel says which way is better.
        better = f"{metric.better} is better"
        axes.set_xlabel(f"{format.head(metric)}\n{better}")
        linear(axes.xaxis, 3)
        for y, value in zip(ys, values, strict=True):
            row_layout.write_beside(axes, y, format.number(value, metric.digits))
    how = ", ".join(filter(None, [plain(report.analysis.timed_on), SPREAD]))
    figure.suptitle(wrapped(how, 72 * width - 20, size=SMALL), fontsize=SMALL, parse_math=False)
    return figure


def _alt(report: Report, data: pd.DataFrame) -> str:
    on = plain(report.analysis.timed_on)
    sentences = [f"Speed of the arms{f' on {on}' if on else ''}."]
    for name, part in data.groupby("metric", sort=False):
        metric = report.plan.catalogue[str(name)]
        marks = typed_rows(part, SpeedMark)
        rest = listing(f"{mark.label} {value_text(mark, metric.digits)}" for mark in marks)
        sentences.append(f"{format.head(metric)}: {rest}.")
    return " ".join(sentences)
