"""Axes of numbers: round ticks, and a logarithmic scale where a linear one would hide the small."""

from collections.abc import Iterable

from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

ROUND = (1, 2, 2.5, 5, 10)


def linear(axis: Axis, ticks: int = 4) -> None:
    axis.set_major_locator(MaxNLocator(ticks, steps=ROUND))


def logarithmic(axis: Axis, values: Iterable[float]) -> None:
    """With ticks at 1, 2 and 5, or at powers of ten where there are many."""
    own = [value for value in values if value == value]
    every = max(own) > 200 * min(own)
    axis._set_axes_scale("log")  # type: ignore[attr-defined]
    axis.set_major_locator(LogLocator(subs=(1,) if every else (1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(LogLocator(subs=()))


def wide(values: Iterable[float], times: float) -> bool:
    """Whether the largest is more than so many times the least."""
    own = [value for value in values if value == value]
    return bool(own) and min(own) > 0 and max(own) > times * min(own)
