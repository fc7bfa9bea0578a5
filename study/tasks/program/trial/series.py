"""The values of a metric over the steps of a trial."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from typing import TypeVar

from study.errors import StudyError
from study.store.fields import LARGEST
from study.store.records import EpochRow

MOST_ROWS = 500  # of the learning curve of a metric; a screen has fewer points
FALLS = 3  # values in a row, the whole of a series, whose steps are no attempts that begin anew

Item = TypeVar("Item")


class ReadingError(StudyError):
    """A source of metrics that cannot be read."""


@dataclass(frozen=True)
class StepValue:
    """A value of a metric, and the step at which it was measured, if that is known."""

    value: float
    step: float | None = None
    """Whole steps are int; fractions are those of an epoch."""


Series = Sequence[StepValue]


def in_order(values: Iterable[StepValue]) -> Series:
    """The values in the order of writing, without those that a later one has superseded.

    A step that is no higher than the one before goes back, as an attempt that resumes does, the
    next phase of a training, or the new run of a tracker: the values from this step on are of a
    state that was given up.

    Raises:
        ReadingError: every step is lower than the one before, as in a file with the newest first.
    """
    values, series = [*values], list[StepValue]()
    if any(value.step is None for value in values):
        return values
    steps = [value.step or 0 for value in values]
    if len(steps) >= FALLS and all(later < step for step, later in pairwise(steps)):
        raise ReadingError(
            f"its steps fall from {steps[0]} to {steps[-1]}: the value written last counts, so "
            "write the newest last, or read no step"
        )
    for value, step in zip(values, steps, strict=True):
        while series and (series[-1].step or 0) >= step:
            series.pop()
        series.append(value)
    return series


def measurement(series: Series, last: int) -> float:
    """The mean of the last values; NaN if one of them is not finite, or it is beyond `LARGEST`."""
    # Fewer values than asked for are all of them.
    ends = [value.value for value in series[-last:]]
    total = sum(ends) / len(ends)
    # A training in float64 that diverges may end there, on its way to infinity.
    return total if isfinite(total) and abs(total) <= LARGEST else float("nan")


def history(by_metric: Mapping[str, Series]) -> list[EpochRow]:
    """Learning curves: a row for every step at which a metric of several values has one."""
    rows = dict[float, dict[str, float | None]]()
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
