"""Figure of tuning: the expected best objective over the number of trials of every arm."""

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from study import format
from study.analysis.ledger import Ledger
from study.report.contents import Report
from study.report.figure_style import FigureStyle
from study.report.figures.axes import linear
from study.report.figures.report_figure import ReportFigure, listing, numbered
from study.report.figures.row_layout import chunks
from study.report.figures.style import ARMS, GREY, SMALL
from study.report.figures.text_fit import wrapped
from study.spec.metric import Metric

PANELS = 6  # arms of one figure
ABREAST = 3  # panels side by side in the width of a text
HEIGHT = 1.15  # inches of a panel


class TuningMark(NamedTuple):
    """A row of the figure's data, in the units of the table."""

    label: str
    what: str
    """expected: the best of so many proposals; file: the values of the file."""
    trials: int
    value: float
    low: float
    high: float


def tuning(report: Report) -> Iterator[ReportFigure]:
    """One panel per arm, with the same axes: its expected best, and the values of the file."""
    ledger = report.analysis.ledger
    if ledger is None:
        return
    metric = report.plan.catalogue[ledger.tuning.rules.objective]
    marks = points(ledger, metric)
    labels = list(dict.fromkeys(mark.label for mark in marks))
    for number, part in enumerate(chunks(labels, PANELS)):
        own = [mark for mark in marks if mark.label in part]
        figure = _figure(own, part, metric, report.style)
        alt = _alt(own, part, metric)
        yield ReportFigure(numbered("tuning", number), figure, pd.DataFrame(own), alt)


def points(ledger: Ledger, metric: Metric) -> list[TuningMark]:
    """The expected best by number of trials, and the objective with the values of the file."""
    rows = list[TuningMark]()
    for row in ledger.rows:
        rows += [
            TuningMark(row.label, "expected", e.k, *(metric.scale * x for x in e[1:]))
            for e in row.expected
        ]
        if row.of_file is not None and row.expected:
            value = row.of_file * metric.scale
            rows.append(TuningMark(row.label, "file", 1, value, value, value))
    return rows


def _figure(
    marks: list[TuningMark], labels: list[str], metric: Metric, style: FigureStyle
) -> Figure:
    across = 1 if style.is_column else min(len(labels), ABREAST)
    down = -(-len(labels) // across)
    figure = Figure(figsize=(style.inches, 0.75 + HEIGHT * down))
    # Shared axes: arms are compared across panels, and bands would hide each other in one.
    grid = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False).ravel()
    panels = grid[: len(labels)]
    for axes in grid[len(labels) :]:
        axes.set_visible(False)
    for number, (axes, label) in enumerate(zip(panels, labels, strict=True)):
        _panel(axes, [mark for mark in marks if mark.label == label], number)
        axes.set_title(wrapped(label, 200, size=SMALL, lines=1), loc="left", parse_math=False)
    linear(panels[0].yaxis, 4)
    for axes in panels[-across:]:
        axes.set_xlabel("Proposals")
        axes.tick_params(labelbottom=True)
    panels[-1].xaxis.set_major_locator(MaxNLocator(6, integer=True))
    figure.supylabel(f"Expected best {format.head(metric)}", fontsize=8)
    handles, texts = panels[0].get_legend_handles_labels()
    figure.legend(handles, texts, loc="outside upper center", ncols=2)
    return figure


def _panel(axes: Axes, marks: list[TuningMark], number: int) -> None:
    colour, dashes, marker = ARMS[number % len(ARMS)]
    expected = [mark for mark in marks if mark.what == "expected"]
    xs = [mark.trials for mark in expected]
    # Grey in all panels: the line tells the arms apart, by dashes and markers too.
    axes.fill_between(
        xs,
        [mark.low for mark in expected],
        [mark.high for mark in expected],
        color=GREY,
        alpha=0.2,
        linewidth=0,
        label="95 % interval",
    )
    axes.plot(
        xs,
        [mark.value for mark in expected],
        color=colour,
        linestyle=dashes,
        marker=marker,
        markersize=3,
        linewidth=1,
        label="expected best",
    )
    for mark in (mark for mark in marks if mark.what == "file"):
        axes.axhline(
            mark.value, color=GREY, linestyle=(0, (1, 1.5)), linewidth=1, label="values of the file"
        )


def _alt(marks: list[TuningMark], labels: list[str], metric: Metric) -> str:
    sentences = []
    for label in labels:
        rows = [mark for mark in marks if mark.label == label]
        expected = [row for row in rows if row.what == "expected"]
        first, last = (
            format.number(row.value, metric.digits) for row in (expected[0], expected[-1])
        )
        file = [format.number(r.value, metric.digits) for r in rows if r.what == "file"]
        of_file = f", with the values of the file {file[0]}" if file else ""
        sentences.append(
            f"{label}: {first} of 1 proposal, {last} of {expected[-1].trials}{of_file}"
        )
    return f"Expected best {format.head(metric)} by proposals. {listing(sentences, 6)}."
