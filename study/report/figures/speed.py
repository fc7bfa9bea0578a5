"""Figure of speeds: a bar per arm from zero, with the range of the session's rounds."""

from collections.abc import Iterator

import pandas as pd
from matplotlib.figure import Figure

from study import format
from study.metrics import METRICS
from study.report.contents import Report
from study.report.figures import row_layout
from study.report.figures.axes import linear
from study.report.figures.figure import (
    ReportFigure,
    frame,
    listing,
    named_rows,
    numbered,
    value_text,
    without_attrs,
)
from study.report.figures.style import BLACK, BLUE, COLUMN, PAGE, SKY, SMALL
from study.report.figures.text_fit import wrapped
from study.report.table import plain
from study.stats import estimates

ABREAST = 3  # panels side by side in one figure
LABEL_WIDTH = {COLUMN: 76, PAGE: 100}  # points, by width of the figure
SPREAD = "line: lowest to highest round"


def speed(report: Report) -> Iterator[ReportFigure]:
    """One row per timed arm, one panel per column that a timing session fills."""
    data, number = points(report), 0
    metrics = [name for name in dict.fromkeys(report.plan.timed) if name in set(data["metric"])]
    for names in row_layout.chunks(metrics, ABREAST):
        own = data[data["metric"].isin(names)]
        wide = COLUMN if len(names) == 1 else PAGE
        timed = set(own["arm"])
        listed = [
            line
            for line in row_layout.arm_lines(report.plan, baseline=True)
            if line.key is None or line.key in timed
        ]
        for page in row_layout.pages(listed, LABEL_WIDTH[wide]):
            part = own[own["arm"].isin(row_layout.places(page))]
            figure = _figure(report, own, names, page=page, width=wide)
            yield ReportFigure(numbered("speed", number), figure, part, _alt(report, part))
            number += 1


def points(report: Report) -> pd.DataFrame:
    estimated = named_rows(estimates(without_attrs(report.measured)))
    labels = {arm.digest: arm.label for arm in report.plan.arms}
    order = {arm: place for place, arm in enumerate(labels)}
    timed = [
        row for row in estimated if METRICS[row.metric].kind == "speed" and row.mean == row.mean
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
    return frame(records, "label", "arm").drop(columns="seed")


def _figure(
    report: Report, data: pd.DataFrame, names: list[str], *, page: row_layout.Page, width: float
) -> Figure:
    figure, panels = row_layout.sheet(page, len(names), width, spare=0.7)
    places, base = row_layout.places(page), report.plan.baseline.digest
    for axes, name in zip(panels, names, strict=True):
        metric, of_metric = METRICS[name], data[data["metric"] == name]
        rows_here = of_metric[of_metric["arm"].isin(places)]
        ys = rows_here["arm"].map(places)
        reach = [rows_here["value"] - rows_here["low"], rows_here["high"] - rows_here["value"]]
        # The baseline stands out, as all ratios refer to it.
        colours = [BLUE if arm == base else SKY for arm in rows_here["arm"]]
        axes.barh(ys, rows_here["value"], height=0.8, color=colours, edgecolor=BLUE, linewidth=0.6)
        axes.errorbar(
            rows_here["value"], ys, xerr=reach, fmt="none", ecolor=BLACK, elinewidth=0.9, capsize=2
        )
        # From zero, since bars are read by their length.
        axes.set_xlim(
            0, 1.05 * max(of_metric["value"].max(), of_metric["high"].fillna(0).max()) or 1
        )
        better = f"{metric.better} is better"
        axes.set_xlabel(f"{format.head(metric)}\n{better}")
        linear(axes.xaxis, 3)
        for y, row in zip(ys, named_rows(rows_here), strict=True):
            row_layout.beside(axes, y, format.number(row.value, metric.digits))
    how = ", ".join(filter(None, [plain(report.measured.attrs.get("timed_on", "")), SPREAD]))
    figure.suptitle(wrapped(how, 72 * width - 20, size=SMALL), fontsize=SMALL, parse_math=False)
    return figure


def _alt(report: Report, data: pd.DataFrame) -> str:
    on = plain(report.measured.attrs.get("timed_on", ""))
    sentences = [f"Speed of the arms{f' on {on}' if on else ''}."]
    for name, part in data.groupby("metric", sort=False):
        metric = METRICS[str(name)]
        rest = listing(f"{row.label} {value_text(row, metric.digits)}" for row in named_rows(part))
        sentences.append(f"{format.head(metric)}: {rest}.")
    return " ".join(sentences)
