"""Scales of axes: round ticks, and a logarithmic scale if small values would be invisible."""

from collections.abc import Iterable

from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

# Multiples of a power of ten; matplotlib's own list also has 1.5, 3, 4, 6 and 8.
ROUND = (1, 2, 2.5, 5, 10)


def linear(axis: Axis, ticks: int = 4) -> None:
    axis.set_major_locator(MaxNLocator(ticks, steps=ROUND))


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


def wide(values: Iterable[float], times: float) -> bool:
    """True if the largest value is more than `times` the smallest."""
    finite = [value for value in values if value == value]
    # A logarithmic axis has no place for zero.
    return bool(finite) and min(finite) > 0 and max(finite) > times * min(finite)
