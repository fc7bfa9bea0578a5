"""Forest plots of the page: the difference of every arm from the baseline, seed by seed."""

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

import pandas as pd

from study import format, stats
from study.report.contents import Report
from study.report.figures.forest import FLOOR, MEAN, SEED, mean_text
from study.report.figures.interval_text import interval_text
from study.report.figures.report_figure import any_range
from study.report.page.chart import Chart, Dot, ForestChart, ForestRow, Sign, Stretch
from study.report.page.scale import Scale
from study.spec.metric import Metric


class ForestMark(NamedTuple):
    """A row of the figure's data, with the seed that is shown beside a pointer."""

    label: str
    arm: str
    n: int
    metric: str
    what: str
    seed: int
    value: float
    low: float
    high: float


def forests(report: Report, data: pd.DataFrame, alt: str) -> Iterator[Chart]:
    """One chart per quality."""
    for name, part in data.groupby("metric", sort=False):
        metric = report.plan.catalogue[str(name)]
        marks = stats.typed_rows(part, ForestMark)
        heads = [str(head) for head in part["block"].where(part["block"].notna(), "")]
        # Axes are as long as the longest interval: none is cut.
        ends = [end for mark in marks for end in (mark.value, mark.low, mark.high)]
        # Zero is the baseline, so it is always on the axis.
        scale = Scale.around([0.0, *ends], 0.06)
        band = next((mark for mark in marks if mark.what == FLOOR), None)
        rows = [
            row
            for head, group in groupby(zip(heads, marks, strict=True), key=lambda pair: pair[0])
            for row in _block(head, [m for _, m in group if m.what != FLOOR], scale, metric)
        ]
        yield ForestChart(
            f"Differences from the baseline in {format.name(metric)}",
            alt,
            list(_legend(report, marks)),
            axis=format.difference_head(metric),
            ticks=scale.ticks(5),
            zero=scale.at(0.0),
            floor=Stretch(scale.at(band.low), scale.at(band.high)) if band else None,
            rows=rows,
        )


def _legend(report: Report, marks: list[ForestMark]) -> Iterator[Sign]:
    # Signs of the style sheet have the names of the marks.
    if any(mark.what == SEED for mark in marks):
        yield Sign("seed", "one seed")
    if means := [mark for mark in marks if mark.what == MEAN and _is_drawn(mark, marks)]:
        name = interval_text(report.analysis, means[0].metric)
        yield Sign("mean", f"mean with {name}" if any_range(means) else "mean")
    if any(mark.what == FLOOR for mark in marks):
        yield Sign("floor", "noise floor (A/A)")


def _is_drawn(mean: ForestMark, marks: list[ForestMark]) -> bool:
    """False for the mean of one seed, which is drawn already, as that seed."""
    return mean.n > 1 or all(mark.arm != mean.arm or mark.what != SEED for mark in marks)


def _block(head: str, marks: list[ForestMark], scale: Scale, metric: Metric) -> Iterator[ForestRow]:
    """The rows of one factor: its heading, then its arms in the order of the table."""
    # A study of one factor has no headings.
    if head and marks:
        yield ForestRow(head, heading=True)
    for arm in dict.fromkeys(mark.arm for mark in marks):
        yield _row([mark for mark in marks if mark.arm == arm], scale, metric)


def _row(marks: list[ForestMark], scale: Scale, metric: Metric) -> ForestRow:
    label, unit = marks[0].label, metric.difference_unit
    seeds = [
        Dot(scale.at(mark.value), f"{label}, seed {mark.seed}: {_signed(mark, metric)} {unit}")
        for mark in marks
        if mark.what == SEED
    ]
    mean = next((mark for mark in marks if mark.what == MEAN), None)
    if mean is None:  # the state of an arm without a difference
        text = next((mark.what for mark in marks if mark.what != SEED), format.ABSENT)
        return ForestRow(label, seeds=seeds, text=text)
    text = mean_text(mean, metric.digits)
    return ForestRow(
        label,
        seeds=seeds,
        mean=Dot(scale.at(mean.value), f"{label}: {text} {unit}")
        if _is_drawn(mean, marks)
        else None,
        interval=Stretch(scale.at(mean.low), scale.at(mean.high)) if mean.low == mean.low else None,
        text=text,
    )


def _signed(mark: ForestMark, metric: Metric) -> str:
    return format.number(mark.value, metric.digits, signed=True)
