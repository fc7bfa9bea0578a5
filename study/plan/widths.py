"""A search for the width at which a model has a given cost.

All widths are scaled by one factor and rounded, so that a model has few of them: they are listed in
the order of the factor, and a bisection finds where the cost passes the target. Costs must not fall
as widths grow.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import pairwise
from math import lcm
from typing import NamedTuple

from study.errors import StudyError

REACH = 8  # the largest factor, and one over the smallest

Widths = tuple[float, ...]


class Priced(NamedTuple):
    """Widths and what a model of them costs."""

    widths: Widths
    cost: float


def steps(values: Sequence[float], divisors: Sequence[int], multiple: float) -> Widths:
    """By value, the distance between neighbouring widths: the multiple that its divisor allows.

    Raises:
        StudyError: whole numbers cannot be multiples of a fraction, or a fraction of 8.
    """
    if all(isinstance(value, int) for value in values):
        if multiple != int(multiple):
            raise StudyError(f"multiple: {multiple:g}: widths are whole numbers here: {[*values]}")
        return tuple(lcm(int(multiple), divisor) for divisor in divisors)
    if multiple > min(values):
        raise StudyError(f"multiple: {multiple:g} is above the width, {min(values):g}: give 0.01")
    return (multiple,) * len(values)


def candidates(values: Sequence[float], steps: Sequence[float]) -> list[Widths]:
    """All widths that a common factor gives once they are rounded, the narrowest first."""
    limits = {1 / REACH, float(REACH)}
    for value, step in zip(values, steps, strict=True):
        # Where the rounded width moves on to its next multiple.
        turns = ((k + 0.5) * step / value for k in range(1, int(REACH * value / step) + 1))
        limits |= {turn for turn in turns if 1 / REACH < turn < REACH}
    ordered = sorted(limits)
    middles = ((low + high) / 2 for low, high in pairwise(ordered))
    return [_rounded(values, steps, factor) for factor in middles]


def _rounded(values: Sequence[float], steps: Sequence[float], factor: float) -> Widths:
    counts = (max(1, round(v * factor / s)) for v, s in zip(values, steps, strict=True))
    # Ten decimals: 3 * 0.1 is not 0.3 in binary.
    rounded = (round(n * step, 10) for n, step in zip(counts, steps, strict=True))
    return tuple(rounded)


def around(
    every: Sequence[Widths], cost: Callable[[Widths], float], target: float
) -> tuple[Priced, Priced]:
    """The neighbouring widths between which the cost passes the target.

    Twice the same where the target lies beyond all of them.
    """
    above = bisect_left(every, target, key=cost)
    low, high = every[max(0, above - 1)], every[min(above, len(every) - 1)]
    return Priced(low, cost(low)), Priced(high, cost(high))
