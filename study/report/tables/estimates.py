"""Numbers with intervals, as several tables have them."""

from study import format
from study.format.quantities import Difference, MeanWithRange
from study.report.table import Cell
from study.spec.metric import Metric


def effect_cell(
    row: Difference | None, metric: Metric, pairs: int, *, interval: bool = True
) -> Cell:
    """A difference of so many pairs at most, with its interval where there is room."""
    if row is None:
        return Cell(format.ABSENT)
    metric = format.of_one_precision(metric, (row.low, row.mean, row.high))
    parts = format.number_texts(row, metric, "mean", "low", "high")
    return Cell(format.effect(row, metric, pairs, interval=interval), value=row.mean, parts=parts)


def mean_cell(row: MeanWithRange, metric: Metric, *, signed: bool = False) -> Cell:
    """A mean, with its interval if it has one."""
    metric = format.of_one_precision(metric, (row.low, row.mean, row.high))
    mean = format.measured(row.mean, metric, signed=signed)
    low, high = (format.measured(end, metric) for end in (row.low, row.high))
    # One seed has no interval, nor have seeds that came out equal.
    text = f"{mean} [{low}, {high}]" if row.low == row.low else mean
    return Cell(text, value=row.mean, parts={"mean": mean, "low": low, "high": high})
