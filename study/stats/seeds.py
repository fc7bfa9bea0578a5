"""How many seeds: what so many can show, and how many it takes.

Differences are paired by seed, normal, and judged by their t interval, which is the paired t test.
To be able to show something is to do so four times in five.
"""

from __future__ import annotations  # numpy and scipy are for reports: plans must start without them

from collections.abc import Iterable, Sequence
from math import inf, nan, sqrt
from statistics import NormalDist, variance

from study.stats.intervals import CONFIDENCE

POWER = 0.8  # `evidence.deciding` says it in words
MOST_SEEDS = 1000  # nobody trains more to decide one number
SMALLEST = (
    *(inf, inf, 11.55, 3.264, 2.128, 1.682, 1.434, 1.273, 1.156, 1.067, 0.996),
    *(0.938, 0.889, 0.847, 0.810, 0.778, 0.749, 0.724, 0.701, 0.680, 0.660),
)
"""By seeds, what `smallest_effect` says."""


def power(effect: float, seeds: int, *, confidence: float = CONFIDENCE) -> float:
    """How often the t interval of so many seeds excludes zero, if `effect` is the truth.

    `effect` is in sd of the per-seed difference. Exact, by the noncentral t distribution; the few
    intervals that lie on the wrong side of zero count, too.
    """
    from scipy.special import stdtrit
    from scipy.stats import nct

    if seeds < 2:
        return 0.0
    reach, shift = stdtrit(seeds - 1, (1 + confidence) / 2), effect * sqrt(seeds)
    return float(nct.sf(reach, seeds - 1, shift) + nct.sf(reach, seeds - 1, -shift))


def smallest_effect(seeds: int) -> float:
    """The smallest difference that so many seeds can show, in sd of the per-seed difference.

    That at which `power` is 80 %, from a table, since plans start without scipy; beyond it the
    normal one with a correction for t, which is too small by a quarter of a percent at most.
    """
    if seeds < len(SMALLEST):
        return SMALLEST[seeds]
    level = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    return (level + NormalDist().inv_cdf(POWER)) / sqrt(seeds - level**2 / 2)


def seeds_for(effect: float, sd: float) -> int | None:
    """The fewest seeds that can show a difference; None if it takes more than `MOST_SEEDS`.

    `sd` is that of the per-seed difference, in the unit of `effect`. One that was estimated from
    few seeds is itself uncertain: of three, the true one is between half of it and six times it.
    """
    enough = (n for n in range(2, MOST_SEEDS + 1) if smallest_effect(n) * sd <= abs(effect))
    return next(enough, None)


def pooled_sd(samples: Iterable[Sequence[float]]) -> float:
    """The sd that samples of unlike means share; NaN if none has two values."""
    several = [sample for sample in samples if len(sample) > 1]
    freedom = [len(sample) - 1 for sample in several]
    if not several:
        return nan
    total = sum(df * variance(sample) for df, sample in zip(freedom, several, strict=True))
    return sqrt(total / sum(freedom))


def seeds_needed(
    mean: float, sd: float, low: float, high: float, *, confidence: float = CONFIDENCE
) -> int | None:
    """The fewest seeds in all whose interval contains neither bound, with a power of 80 %.

    It then lies wholly between the bounds or wholly outside them. Where one bound is near, that is
    when (t of confidence + t of power) sd / sqrt(n) is less than the distance to it; where both
    are, either may be missed. None if it takes more than `MOST_SEEDS`. The power is what it would
    be if `mean` and `sd`, which is above 0, were the truth; today's are themselves uncertain.
    """
    import numpy as np
    from scipy.special import stdtr, stdtrit

    counts = np.arange(2, MOST_SEEDS + 1)
    error = sd / np.sqrt(counts)
    reach = stdtrit(counts - 1, (1 + confidence) / 2) * error
    ends = np.array([low - reach, low + reach, high - reach, high + reach])
    below = stdtr(counts - 1, (ends - mean) / error)  # the chance of a new mean to lie there
    power = below[0] + np.maximum(below[2] - below[1], 0) + 1 - below[3]
    enough = counts[power >= POWER]
    return int(enough[0]) if enough.size else None
