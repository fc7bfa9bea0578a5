"""Scales and limits of axes: round ticks, small values that stay visible, percentages to 100."""

from collections.abc import Iterable

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

from study.spec.metric import Metric

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


def within_percent(axes: Axes, metric: Metric, values: Iterable[float]) -> None:
    """Limit the vertical axis of a percentage to 0 to 100 if all `values` lie there.

    The interval of a mean of two or three seeds may reach far beyond, where no value can be. It
    then runs out of the axis, which would otherwise leave the values no room.
    """
    finite = [value for value in values if value == value]
    if metric.unit != "%" or not finite or not 0 <= min(finite) <= max(finite) <= 100:
        return
    low, high = axes.get_ylim()
    # A margin of 2, so that a mark at 0 or 100 is drawn whole.
    axes.set_ylim(max(low, -2), min(high, 102))
