"""Scales and limits of axes: round ticks, small values that stay visible, percentages to 100."""

import math
from collections.abc import Iterable

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator

from study.spec.metric import Metric

# Multiples of a power of ten; matplotlib's own list also has 1.5, 3, 4, 6 and 8.
ROUND = (1, 2, 2.5, 5, 10)


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
    axis.set_minor_locator(LogLocator(subs=()))


def multiples(axis: Axis, values: Iterable[float], most: int = 6) -> None:
    """Make the axis one of ratios: logarithmic, with ticks such as ×0.5, ×1 and ×2."""
    finite = [1.0, *(value for value in values if value == value)]
    low, high = min(finite), max(finite)
    axis._set_axes_scale("log")  # type: ignore[attr-defined]
    if high < 2.5 * low:
        ticks = MaxNLocator(most - 2, steps=(1, 2, 5, 10)).tick_values(low, high)
    else:
        # Powers of 2, 4 or 10, so that ×2 is as far from ×1 as ×0.5 is, and no more than fit.
        base = next((b for b in (2.0, 4.0) if high < b**most * low), 10.0)
        ticks = [base**n for n in range(-12, 13)]
    axis.set_major_locator(FixedLocator([tick for tick in ticks if tick > 0]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"×{value:g}"))
    axis.set_minor_locator(LogLocator(subs=()))


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
