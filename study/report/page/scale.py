"""Places along the axis of a chart, in per cent of its length, so that a chart has any width."""

import math
from collections.abc import Iterable
from typing import NamedTuple, Self

from matplotlib.ticker import LogLocator, MaxNLocator

from study import format
from study.report.figures.axes import ROUND, wide
from study.spec.metric import Metric

LOG_FROM = 5  # ratio of the largest to the smallest value, as in the figure


class Tick(NamedTuple):
    """A tick of an axis: its place in per cent, and its text."""

    at: float
    text: str


class Scale(NamedTuple):
    """The values at the two ends of an axis."""

    low: float
    high: float
    logarithmic: bool = False

    @classmethod
    def around(cls, values: Iterable[float], room: float, *, logs: bool = False) -> Self:
        """A scale with `room` beyond the outermost values, as a share of their range.

        `logs` makes it logarithmic if the values are far apart. NaN is skipped.
        """
        finite = [value for value in values if math.isfinite(value)] or [0.0]
        low, high = min(finite), max(finite)
        if logs and wide(finite, LOG_FROM):
            factor = (high / low) ** room
            return cls(low / factor, high * factor, True)
        # 1 where all values are equal.
        beyond = room * (high - low) or 1.0
        return cls(low - beyond, high + beyond)

    def within_percent(self, metric: Metric) -> Self:
        """The scale without what no percentage can be; a margin keeps marks at the ends whole."""
        if metric.unit != "%":
            return self
        return self._replace(low=max(self.low, -2.0), high=min(self.high, 102.0))

    def at(self, value: float) -> float:
        """The place of a value, in per cent from the lower end."""
        if self.logarithmic:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return round(100 * share, 2)

    def ticks(self, count: int, *, whole: bool = False) -> list[Tick]:
        """About `count` round ticks; `whole` allows whole numbers alone."""
        # As the axes of the printed figures have them.
        locator: LogLocator | MaxNLocator
        if self.logarithmic:
            locator = LogLocator(subs=(1,) if self.high > 200 * self.low else (1, 2, 5))
        else:
            locator = MaxNLocator(count, steps=ROUND, integer=whole)
        values = [float(v) for v in locator.tick_values(self.low, self.high)]
        inside = (value for value in values if self.low <= value <= self.high)
        return [Tick(self.at(value), _text(value)) for value in inside]


def _text(value: float) -> str:
    # Ten digits hide the rounding of binary fractions; U+2212 is a minus sign.
    return f"{value:.10g}".replace("-", "−") if abs(value) > 1e-12 else format.number(0, 0)
