"""Scales and limits of axes: round ticks, small values that stay visible, percentages to 100."""

import math
from collections.abc import Iterable
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.axis import Axis, XAxis
from matplotlib.figure import Figure
from matplotlib.ticker import (
    FixedFormatter,
    FixedLocator,
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullLocator,
    ScalarFormatter,
)

from study.spec.metric import Metric

# Multiples of a power of ten; matplotlib's own list also has 1.5, 3, 4, 6 and 8.
ROUND = (1, 2, 2.5, 5, 10)
APART = 4.0  # pixels between the labels of two ticks


def linear(axis: Axis, ticks: int = 4, *, least: int = 2) -> None:
    """Round ticks: `ticks` intervals at most, unless `least` ticks need more."""
    axis.set_major_locator(MaxNLocator(ticks, steps=ROUND, min_n_ticks=least))


def logarithmic(axis: Axis, values: Iterable[float]) -> None:
    """Make the axis logarithmic, with ticks at 1, 2 and 5, or at powers of ten if they are many."""
    # NaN is the only number that is unequal to itself.
    finite = [value for value in values if value == value]
    # Over more than two decades, ticks at 1, 2 and 5 are more than six.
    many_decades = max(finite) > 200 * min(finite)
    # Matplotlib has no public method that sets the scale of an axis given as an object.
    axis._set_axes_scale("log")  # type: ignore[attr-defined]
    axis.set_major_locator(LogLocator(subs=(1,) if many_decades else (1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    # Matplotlib would label minor ticks of a short axis, between the labels set here.
    axis.set_minor_locator(NullLocator())


def multiples(axis: Axis, values: Iterable[float], most: int = 6) -> None:
    """Make the axis one of ratios: logarithmic, with ticks such as ×0.5, ×1 and ×2.

    `values` are all that is drawn, with the ends of intervals; `most` is the most ticks.
    """
    finite = [1.0, *(value for value in values if value == value)]
    low, high = min(finite), max(finite)
    axis._set_axes_scale("log")  # type: ignore[attr-defined]
    if high < 2.5 * low:
        # The locator counts intervals, and adds a tick before and behind the values.
        ticks = MaxNLocator(most - 2, steps=(1, 2, 5, 10)).tick_values(low, high)
    else:
        # Powers of 2, 4 or 10, so that ×2 is as far from ×1 as ×0.5 is, and no more than fit.
        base = next((b for b in (2.0, 4.0) if high < b**most * low), 10.0)
        ticks = [base**n for n in range(-12, 13)]
    axis.set_major_locator(FixedLocator([tick for tick in ticks if tick > 0]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"×{value:g}"))
    axis.set_minor_locator(NullLocator())


class PowerFormatter(ScalarFormatter):
    """Ticks with their own power of ten, as "−2e6".

    Matplotlib writes the power once at the end of the axis, where it lies on other words.
    """

    def __call__(self, x: float, pos: int | None = None) -> str:
        # "1e6", or nothing for numbers that need no power.
        power = super().get_offset().removeprefix("1")
        return super().__call__(x, pos) + (power if x else "")

    def get_offset(self) -> str:
        """Nothing: every tick is whole."""
        return ""


def readable_ticks(figure: Figure) -> None:
    """Write every tick of numbers whole, and leave out as many as would meet on their axis."""
    numbers = [axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)]
    for axis in numbers:
        if type(axis.get_major_formatter()) is ScalarFormatter:
            axis.set_major_formatter(PowerFormatter(useOffset=False))
    figure.draw_without_rendering()  # only then are ticks at their places
    for axis in numbers:
        # Fixed labels are names, each of which is needed.
        if not isinstance(axis.get_major_formatter(), FixedFormatter):
            _thin(axis)


def _thin(axis: Axis) -> None:
    """Keep every second tick, or every third ..., if their labels meet."""
    low, high = sorted(axis.get_view_interval())
    ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    shown = [tick for tick in ticks if tick.label1.get_visible() and tick.label1.get_text()]
    places = [float(tick.get_loc()) for tick in shown]
    across = isinstance(axis, XAxis)
    boxes = [tick.label1.get_window_extent() for tick in shown]
    ends = [(box.x0, box.x1) if across else (box.y0, box.y1) for box in boxes]
    for step in range(1, len(shown)):
        # 0 of differences and 1 of ratios stay, from which the others are read.
        first = next((n % step for n, place in enumerate(places) if place in (0, 1)), 0)
        pairs = pairwise(sorted(ends[first::step]))
        if all(start > end + APART for (_, end), (start, _) in pairs):
            if step > 1:
                axis.set_major_locator(FixedLocator(places[first::step]))
            return


def spread(values: Iterable[float]) -> float:
    """The largest value over the smallest; 1 for none, infinite if a value is not above zero."""
    finite = [value for value in values if value == value]
    if not finite:
        return 1.0
    return max(finite) / min(finite) if min(finite) > 0 else math.inf * (max(finite) > min(finite))


def wide(values: Iterable[float], times: float) -> bool:
    """True if the largest value is more than `times` the smallest, which is above zero."""
    # A logarithmic axis has no place for zero.
    return times < spread(values) < math.inf


def within_percent(axes: Axes, metric: Metric, values: Iterable[float]) -> None:
    """Limit the vertical axis of a percentage to 0 to 100 if all `values` lie there.

    The interval of a mean of two or three seeds may reach far beyond, where no value can be. It
    then runs out of the axis, which would otherwise leave the values no room.
    """
    finite = [value for value in values if value == value]
    if metric.unit != "%" or not finite or not 0 <= min(finite) <= max(finite) <= 100:
        return
    low, high = axes.get_ylim()
    # Close to its end, the axis reaches the end, where its last tick says so.
    axes.set_ylim(0 if low < 1 else low, 100 if high > 99 else high)
