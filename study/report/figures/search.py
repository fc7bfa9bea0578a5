"""Figure of a search: its candidates and their front, and the arms with fresh seeds."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study import format
from study.analysis.analysis import Analysis
from study.analysis.candidates import Candidates
from study.report.contents import Report
from study.report.figures.axes import linear, logarithmic, wide, within_percent
from study.report.figures.front_panels import LOG_FROM
from study.report.figures.label_placement import Label, place
from study.report.figures.report_figure import ReportFigure, error_bars, listing
from study.report.figures.style import BLACK, GREY, TINY
from study.report.figures.text_fit import all_wrapped
from study.spec.metric import Metric

HEIGHT = 2.7  # inches of a panel
ABREAST = 3  # panels side by side in the width of a text
LABEL_WIDTH = 80  # points of a label, of at most two lines


class CandidateMark(NamedTuple):
    """A row of the figure's data, in the units of the table."""

    label: str
    what: str
    """candidate or front: on held-out images; fresh: the mean of fresh seeds on reported ones."""
    against: str
    """The cost."""
    cost: float
    value: float
    low: float
    high: float


def search(report: Report) -> Iterator[ReportFigure]:
    """One panel per cost: all candidates, the front, and its arms with their intervals."""
    analysis, candidates = report.analysis, report.analysis.candidates
    if candidates is None or not candidates.rows:
        return
    quality, *costs = (analysis.catalogue[name] for name in candidates.search.rules.objectives)
    names = candidates.search.rules.objectives[1:]
    marks = [mark for place in range(len(costs)) for mark in _marks(analysis, candidates, place)]
    style = report.style
    down = len(costs) if style.is_column else -(-len(costs) // ABREAST)
    across = -(-len(costs) // down)
    figure = Figure(figsize=(style.inches, 0.5 + HEIGHT * down))
    panels = figure.subplots(down, across, squeeze=False, sharey=True).ravel()
    for axes in panels[len(costs) :]:
        axes.set_visible(False)
    for axes, name, cost in zip(panels, names, costs, strict=False):
        own = [mark for mark in marks if mark.against == name]
        _panel(axes, own, quality, cost)
        _fresh(axes, [mark for mark in own if mark.what == "fresh"], analysis.inference.name)
        _limit(axes, candidates, name, cost)
    # Of one panel: the marks are the same in all.
    handles, texts = panels[0].get_legend_handles_labels()
    figure.legend(handles, texts, loc="outside upper center", ncols=2 if style.is_column else 4)
    # At last, when the layout is known.
    for axes, name in zip(panels, names, strict=False):
        place(axes, _labels([mark for mark in marks if mark.against == name]), [])
    yield ReportFigure("search", figure, pd.DataFrame(marks), _alt(marks, quality))


def _labels(marks: Sequence[CandidateMark]) -> list[Label]:
    """The names of the arms with fresh seeds, shortened; the data has them whole."""
    fresh = [mark for mark in marks if mark.what == "fresh"]
    others = [Label((mark.cost, mark.value), "") for mark in marks if mark.what != "fresh"]
    names = all_wrapped([mark.label for mark in fresh], LABEL_WIDTH, size=TINY)
    return others + [
        Label((mark.cost, mark.value), name) for mark, name in zip(fresh, names, strict=True)
    ]


def _marks(analysis: Analysis, candidates: Candidates, place: int) -> Iterator[CandidateMark]:
    names = candidates.search.rules.objectives
    quality, cost = analysis.catalogue[names[0]], analysis.catalogue[names[1 + place]]
    for row in candidates.rows:
        x, y = row.objectives[1 + place] * cost.scale, row.objectives[0] * quality.scale
        what = "front" if row.is_on_front else "candidate"
        yield CandidateMark(row.label, what, names[1 + place], x, y, y, y)
        own = analysis.means.get((row.arm, names[0]))
        if own is not None and own.mean == own.mean:  # NaN: a seed diverged
            mean, low, high = (value * quality.scale for value in own[1:])
            yield CandidateMark(row.label, "fresh", names[1 + place], x, mean, low, high)


def _panel(axes: Axes, marks: Sequence[CandidateMark], quality: Metric, cost: Metric) -> None:
    axes.grid(True, axis="both")
    _held_out(axes, marks)
    values = [mark.cost for mark in marks]
    if wide(values, LOG_FROM):
        logarithmic(axes.xaxis, values)
    else:
        linear(axes.xaxis, 5)
    within_percent(axes, quality, (mark.value for mark in marks))
    linear(axes.yaxis, 5)
    axes.set_xlabel(format.head(cost))
    axes.set_ylabel(format.head(quality))


def _held_out(axes: Axes, marks: Sequence[CandidateMark]) -> None:
    # Rings below the points of the front, which are candidates too.
    every = [mark for mark in marks if mark.what != "fresh"]
    front = sorted((m for m in marks if m.what == "front"), key=lambda m: (m.cost, m.value))
    axes.plot(
        [m.cost for m in every],
        [m.value for m in every],
        "o",
        color=GREY,
        markersize=3,
        markerfacecolor="none",
        markeredgewidth=0.7,
        label="candidate, held out",
    )
    axes.plot(
        [m.cost for m in front],
        [m.value for m in front],
        color=GREY,
        linewidth=1,
        marker="o",
        markersize=3,
        # A cost between two candidates buys what the cheaper one reaches.
        drawstyle="steps-post",
        label="front, held out",
    )


def _fresh(axes: Axes, marks: Sequence[CandidateMark], interval: str) -> None:
    axes.errorbar(
        [m.cost for m in marks],
        [m.value for m in marks],
        yerr=error_bars(marks),
        fmt="s",
        color=BLACK,
        markersize=3.5,
        linewidth=1,
        capsize=2,
        label=f"fresh seeds, {interval}",
    )


def _limit(axes: Axes, candidates: Candidates, name: str, cost: Metric) -> None:
    """A line at the largest cost that the search allows."""
    constraint = candidates.search.rules.constraints.get(name)
    base = candidates.search.baseline.cost_record.cost.get(name)
    most = constraint.high.of(base) if constraint and constraint.high else None
    if most is not None:
        axes.axvline(
            most * cost.scale, color=GREY, linestyle=(0, (4, 2)), linewidth=1, label="constraint"
        )


def _alt(marks: Sequence[CandidateMark], quality: Metric) -> str:
    first = marks[0].against
    # Of the first cost, as the values are the same against all.
    fresh = [m for m in marks if m.what == "fresh" and m.against == first]
    every = sum(m.what != "fresh" and m.against == first for m in marks)
    texts = [f"{m.label} {format.number(m.value, quality.digits)}" for m in fresh]
    listed = f": {listing(texts, 6)}" if texts else ""
    return f"{every} candidates of a search, and {format.head(quality)} with fresh seeds{listed}."
