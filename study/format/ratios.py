"""Ratios of timings as text, with their intervals."""

import math
from typing import Protocol

from study.format.numbers import ABSENT, SIGNIFICANT, decimals, number, significant

WIDE, INCLUDES_ONE = "†", "‡"
"""Marks of a ratio whose interval is wider than the resolution, without and with 1 in it."""


class Interval(Protocol):
    """A value and the ends of the interval around it."""

    @property
    def value(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


def times(ratio: Interval, resolution: float) -> str:
    """A ratio with its interval: "inconclusive ×1.02 [0.93, 1.11]", "×2.03 [1.80, 2.37]†".

    `†` marks an interval that is wider than the resolution. The word is there where the interval
    includes 1 as well.
    """
    value, low, high = ratio_texts(ratio)
    if not conclusive(ratio, resolution):
        return f"inconclusive ×{value} [{low}, {high}]"
    return f"×{value} [{low}, {high}]{WIDE * wide(ratio, resolution)}"


def short_times(ratio: Interval, resolution: float) -> str:
    """A ratio without its interval: "×2.03", with a mark where the interval is wide."""
    mark = WIDE if conclusive(ratio, resolution) else INCLUDES_ONE
    return f"×{significant(ratio.value)}{mark * wide(ratio, resolution)}"


def ratio_texts(ratio: Interval) -> tuple[str, str, str]:
    """A ratio and both ends of its interval, with the same decimals."""
    digits = decimals(ratio.value, SIGNIFICANT)
    ends = (ratio.value, ratio.low, ratio.high)
    # An end that is rounded to 1 would say that the interval touches it, and equal ends that there
    # is none.
    texts = [number(end, digits) for end in ends]
    ones = any(float(t) == 1 != end for t, end in zip(texts, ends, strict=True) if t != ABSENT)
    if ones or (texts[1] == texts[2] and ratio.low != ratio.high):
        digits = max(digits, 3)
    value, low, high = (number(end, digits) for end in ends)
    return value, low, high


def conclusive(ratio: Interval, resolution: float) -> bool:
    """The interval excludes 1, or includes it and is no wider than `resolution`."""
    return not ratio.low <= 1 <= ratio.high or not wide(ratio, resolution)


def wide(ratio: Interval, resolution: float) -> bool:
    """True if the log width of the interval is more than `resolution`."""
    # On the logarithm, where a ratio and its inverse are equally wide.
    return math.log(ratio.high / ratio.low) > resolution
