"""The values of a metric over the steps of a trial."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TypeVar

from study.store.fields import LARGEST
from study.store.records import EpochRow

MOST_ROWS = 500  # of the learning curve of a metric; a screen has fewer points

Item = TypeVar("Item")


@dataclass(frozen=True)
class StepValue:
    """A value of a metric, and the step at which it was measured, if that is known."""

    value: float
    step: int | None = None


Series = Sequence[StepValue]


def in_order(values: Iterable[StepValue]) -> Series:
    """The values by step, each step once: an attempt that resumes may measure one again."""
    values = [*values]
    if any(value.step is None for value in values):
        return values
    # The later one counts: it is of the attempt whose state goes on.
    by_step = {value.step: value for value in values}
    return [by_step[step] for step in sorted(by_step, key=lambda step: step or 0)]


def measurement(series: Series, last: int) -> float:
    """The mean of the last values; NaN if one of them is not finite."""
    # Fewer values than asked for are all of them.
    ends = [value.value for value in series[-last:]]
    total = sum(ends) / len(ends)
    return total if isfinite(total) and abs(total) <= LARGEST else float("nan")


def history(by_metric: Mapping[str, Series]) -> list[EpochRow]:
    """Learning curves: a row for every step at which a metric of several values has one."""
    rows = dict[int, dict[str, float | None]]()
    for name, series in by_metric.items():
        numbered = [(n if v.step is None else v.step, v.value) for n, v in enumerate(series, 1)]
        # A single value is no curve. Each is thinned alone: one of few values keeps them all.
        for step, value in thinned(numbered) if len(series) > 1 else ():
            known = isfinite(value) and abs(value) <= LARGEST
            rows.setdefault(step, {})[name] = value if known else None
    return [
        EpochRow(epoch=epoch, iteration=step, **rows[step])
        for epoch, step in enumerate(sorted(rows))
    ]


def thinned(values: Sequence[Item]) -> Sequence[Item]:
    """At most `MOST_ROWS` values at equal distances, the first and the last among them."""
    if len(values) <= MOST_ROWS:
        return values
    last = len(values) - 1
    return [values[number * last // (MOST_ROWS - 1)] for number in range(MOST_ROWS)]
