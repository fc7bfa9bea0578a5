"""Figure of speeds: the ratio of every arm to the baseline, with its interval."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study import format
from study.format.numbers import MOST_DECIMALS, SIGNIFICANT, decimals
from study.report.contents import Report
from study.report.figures import row_layout
from study.report.figures.axes import multiples
from study.report.figures.report_figure import (
    NUMBERS,
    ReportFigure,
    arm_name,
    error_bars,
    listing,
    numbered,
)
from study.report.figures.style import BLUE, GREY, SMALL
from study.report.figures.text_fit import wrapped
from study.report.table import plain
from study.report.text import ratio_notes
from study.stats import of_arms, typed_rows

ABREAST = {"text": 4, "column": 2}  # panels side by side
LABEL_WIDTH = {"text": 120, "column": 72}  # points
TICKS = {1: 4, 2: 3}  # of a panel in one column, by the panels side by side
MOST_TICKS = 5  # of a panel in the width of a text
SAME = 0.02  # relative difference below which an arm without an interval is as fast


class SpeedMark(NamedTuple):
    """A row of the figure's data: a ratio to the baseline."""

    label: str
    arm: str
    metric: str
    what: str
    value: float
    low: float
    high: float

    @property
    def has_interval(self) -> bool:
        return self.low == self.low  # NaN without

    @property
    def differs(self) -> bool:
        """True if the interval excludes 1, or a ratio without one is not close to 1."""
        if self.has_interval:
            return not self.low <= 1 <= self.high
        return abs(self.value - 1) > SAME


def speed(report: Report) -> Iterator[ReportFigure]:
    """One row per timed arm, one panel per timed column in which an arm differs."""
    data, width, number = points(report), report.style.width, 0
    marks = typed_rows(data, SpeedMark)
    differing = {mark.metric for mark in marks if mark.differs}
    metrics = [name for name in dict.fromkeys(report.plan.timed) if name in differing]
    for names in row_layout.chunks(metrics, ABREAST[width]):
        timed = {mark.arm for mark in marks if mark.metric in names}
        listed = row_layout.of_arms(row_layout.arm_lines(report.plan, baseline=False), timed)
        own = data[data.metric.isin(names)]
        for page in row_layout.pages(listed, LABEL_WIDTH[width]):
            part = of_arms(own, row_layout.places(page))
            panels = [[mark for mark in marks if mark.metric == name] for name in names]
            figure = _figure(report, panels, page)
            yield ReportFigure(numbered("speed", number), figure, part, _alt(report, part))
            number += 1


def points(report: Report) -> pd.DataFrame:
    """One row per arm and timed metric, without the baseline, whose ratios are 1.

    A quantity that is measured once, such as peak memory, has a ratio without an interval.
    """
    analysis, plan = report.analysis, report.plan
    rows = list[dict[str, object]]()
    for name in dict.fromkeys(plan.timed):
        ratios = analysis.ratios.of(name)
        base = analysis.estimates.get((plan.baseline.digest, name))
        for arm in plan.arms[1:]:
            own = analysis.estimates.get((arm.digest, name))
            keys = {
                "label": arm_name(plan, arm),
                "arm": arm.digest,
                "metric": name,
                "what": "ratio",
            }
            if ratio := ratios.get(arm.digest):
                rows.append({**keys, **dict(zip(NUMBERS, ratio, strict=True))})
            # NaN is a quantity that this machine cannot measure.
            elif own and base and own.mean == own.mean and base.mean > 0:
                rows.append({**keys, "value": own.mean / base.mean})
    data = pd.DataFrame(rows, columns=["label", "arm", "metric", "what", *NUMBERS])
    return data.astype(dict.fromkeys(NUMBERS, float))


def _figure(report: Report, parts: list[list[SpeedMark]], page: row_layout.Page) -> Figure:
    style, places = report.style, row_layout.places(page)
    figure, panels = row_layout.sheet(page, len(parts), style.inches, spare=0.75)
    # Where one panel has room to spare, the interval stands beside the ratio.
    whole = len(parts) <= (1 if style.is_column else 2)
    digits = _decimals([mark for marks in parts for mark in marks], whole=whole)
    ticks = TICKS[len(parts)] if style.is_column else MOST_TICKS
    for axes, marks in zip(panels, parts, strict=True):
        here = [mark for mark in marks if mark.arm in places]
        _panel(axes, here, places)
        # The limits of all pages, so that they can be compared.
        multiples(axes.xaxis, [end for m in marks for end in m[4:]], ticks)
        metric = report.plan.catalogue[marks[0].metric]
        axes.set_xlabel(f"{format.name(metric)} (×)\n{metric.better} is better")
        for mark in here:
            row_layout.write_beside(axes, places[mark.arm], _ratio(mark, digits, whole=whole))
    # Peak memory alone has no line that would need a word.
    several = any(mark.has_interval for marks in parts for mark in marks)
    hollow = any(mark.has_interval and not mark.differs for marks in parts for mark in marks)
    name = arm_name(report.plan, report.plan.baseline)
    how = [
        f"×: ratio to {name}",
        "line: 95 % interval" * several,
        "hollow: interval includes 1" * hollow,
        *(f"{name} again: {text}" for text in ratio_notes.again_texts(report.analysis).values()),
        plain(report.analysis.timed_on),
    ]
    text = wrapped(", ".join(filter(None, how)), 72 * style.inches - 12, size=SMALL)
    figure.suptitle(text, fontsize=SMALL, color=GREY, parse_math=False)
    return figure


def _panel(axes: Axes, marks: list[SpeedMark], places: dict[str, float]) -> None:
    axes.axvline(1, color=GREY, linewidth=0.8, zorder=1)
    for mark in marks:
        # Hollow where nothing shows that the arm is faster or slower.
        axes.errorbar(
            [mark.value],
            [places[mark.arm]],
            xerr=error_bars([mark]),
            fmt="o",
            color=BLUE,
            markerfacecolor=BLUE if mark.differs else "white",
            markersize=4,
            elinewidth=1,
            capsize=2,
        )
    # Room for the outermost marks, and for the line at 1 where all are on one side.
    axes.margins(x=0.08)


def _decimals(marks: list[SpeedMark], *, whole: bool = True) -> int:
    """The decimals of all ratios: three digits of each, and no end that reads 1 unless it is 1."""
    finite = [mark for mark in marks if math.isfinite(mark.value)]
    digits = max((decimals(mark.value, SIGNIFICANT) for mark in finite), default=0)
    ends = [end for mark in finite if whole and mark.has_interval for end in (mark.low, mark.high)]
    while digits < MOST_DECIMALS and any(end != 1 == round(end, digits) for end in ends):
        digits += 1
    return digits


def _ratio(mark: SpeedMark, digits: int, *, whole: bool) -> str:
    value = f"×{format.number(mark.value, digits)}"
    if not whole or not mark.has_interval:
        # The panel has the interval, and the CSV file its ends.
        return value
    return f"{value} [{mark.low:.{digits}f}, {mark.high:.{digits}f}]"


def _alt(report: Report, data: pd.DataFrame) -> str:
    on = plain(report.analysis.timed_on)
    sentences = [f"Speed of the arms relative to the baseline{f', on {on}' if on else ''}."]
    for name, part in data.groupby("metric", sort=False):
        marks = typed_rows(part, SpeedMark)
        digits = _decimals(marks)
        texts = listing(f"{mark.label} {_ratio(mark, digits, whole=True)}" for mark in marks)
        sentences.append(f"{format.name(report.plan.catalogue[str(name)])}: {texts}.")
    return " ".join(sentences)
