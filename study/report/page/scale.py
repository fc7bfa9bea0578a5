"""Places along the axis of a chart, in per cent of its length, so that a chart has any width."""

import math
from collections.abc import Iterable
from typing import NamedTuple, Self

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from study import format
from study.report.figures.axes import linear, logarithmic, multiples, wide
from study.report.figures.front_panels import LOG_FROM
from study.spec.metric import Metric

LINEAR, LOGARITHMIC, RATIO = "linear", "logarithmic", "ratio"


class Tick(NamedTuple):
    """A tick of an axis: its place in per cent, and its text."""

    at: float
    text: str


class Scale(NamedTuple):
    """The values at the two ends of an axis, and what is between them."""

    low: float
    high: float
    kind: str = LINEAR

    @classmethod
    def around(cls, values: Iterable[float], room: float) -> Self:
        """A scale with `room` beyond the outermost values, as a share of their range."""
        finite = [value for value in values if math.isfinite(value)] or [0.0]
        low, high = min(finite), max(finite)
        # 1 where all values are equal.
        beyond = room * (high - low) or 1.0
        return cls(low - beyond, high + beyond)

    @classmethod
    def of_cost(cls, values: Iterable[float], room: float, *, ratio: bool) -> Self:
        """The scale of costs, or of ratios to the baseline's: logarithmic if they are far apart."""
        finite = [value for value in values if math.isfinite(value)]
        if not ratio and not wide(finite, LOG_FROM):
            return cls.around(finite, room)
        # The baseline is on an axis of ratios.
        finite += [1.0] * ratio
        low, high = min(finite), max(finite)
        beyond = (high / low) ** room if high > low else 2.0
        return cls(low / beyond, high * beyond, RATIO if ratio else LOGARITHMIC)

    def within_percent(self, metric: Metric) -> Self:
        """The scale without what no percentage can be."""
        if metric.unit != "%":
            return self
        return self._replace(low=max(self.low, 0.0), high=min(self.high, 100.0))

    def at(self, value: float) -> float:
        """The place of a value, in per cent from the lower end."""
        if self.kind == LINEAR:
            share = (value - self.low) / (self.high - self.low)
        else:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        return round(100 * share, 2)

    def ticks(self, count: int, *, whole: bool = False) -> list[Tick]:
        """About `count` round ticks; `whole` allows whole numbers alone."""
        # An axis that is never drawn: charts have the ticks of the printed figures.
        axis = Figure().subplots().xaxis
        if self.kind == RATIO:
            multiples(axis, (self.low, self.high))
        elif self.kind == LOGARITHMIC:
            logarithmic(axis, (self.low, self.high))
        elif whole:
            axis.set_major_locator(MaxNLocator(count, integer=True, min_n_ticks=1))
        else:
            linear(axis, count)
        values = map(float, axis.get_major_locator().tick_values(self.low, self.high))
        sign = "×" if self.kind == RATIO else ""
        return [Tick(self.at(v), f"{sign}{_text(v)}") for v in values if self.low <= v <= self.high]


def _text(value: float) -> str:
    # Ten digits hide the rounding of binary fractions; U+2212 is a minus sign.
    return f"{value:.10g}".replace("-", "−") if abs(value) > 1e-12 else format.number(0, 0)
