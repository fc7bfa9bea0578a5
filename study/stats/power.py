"""Power: the smallest effect that a number of seeds detects, and the seeds that an effect needs.

Differences are paired by seed and normal; the test is the paired t test, that is the t interval.
"Detects" means with 80 % power. Seeds are fixed in advance; `sequential` adds them until a contrast
is decided.
"""

from __future__ import annotations  # numpy and scipy are for reports: plans must start without them

from collections.abc import Iterable, Sequence
from math import inf, nan, sqrt
from statistics import NormalDist, variance

from study.stats.intervals import CONFIDENCE

POWER = 0.8  # also written out in `quantities.seeds_needed_text`
MOST_SEEDS = 1000  # the search for a number of seeds ends here
# fmt: off
SMALLEST = (
    inf, inf, 11.55, 3.264, 2.128, 1.682, 1.434, 1.273, 1.156, 1.067, 0.996,
    0.938, 0.889, 0.847, 0.810, 0.778, 0.749, 0.724, 0.701, 0.680, 0.660,
)
# fmt: on
"""`smallest_effect` by number of seeds, solved from `power` (statsmodels' TTestPower agrees)."""


def power(effect: float, seeds: int, *, confidence: float = CONFIDENCE) -> float:
    """The probability that the t interval of this many seeds excludes zero if `effect` is true.

    `effect` is in sd of the per-seed difference. Exact, by the noncentral t distribution; the few
    intervals on the wrong side of zero count, too.
    """
    from scipy.special import stdtrit
    from scipy.stats import nct

    if seeds < 2:
        return 0.0
    reach, shift = stdtrit(seeds - 1, (1 + confidence) / 2), effect * sqrt(seeds)
    return float(nct.sf(reach, seeds - 1, shift) + nct.sf(reach, seeds - 1, -shift))


def smallest_effect(seeds: int) -> float:
    """The difference that this many seeds detect with 80 % power, in sd of per-seed differences.

    From a table, since plans start without scipy; beyond it a normal approximation with a
    correction for t, which is too small by a quarter of a percent at most.
    """
    if seeds < len(SMALLEST):
        return SMALLEST[seeds]
    # level**2 / 2 is Guenther's correction for t ("Sample size formulas for normal theory t
    # tests", 1981): so many seeds are lost to estimating the deviation.
    level = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    return (level + NormalDist().inv_cdf(POWER)) / sqrt(seeds - level**2 / 2)


def seeds_for(effect: float, sd: float) -> int | None:
    """The fewest seeds that detect a difference; None if more than `MOST_SEEDS` are needed.

    `sd` is the sd of the per-seed difference, in the unit of `effect`. An estimate from few seeds
    is itself uncertain: from three, the true sd is between half of it and six times it.
    """
    # Two seeds at least, since one gives no interval.
    enough = (n for n in range(2, MOST_SEEDS + 1) if smallest_effect(n) * sd <= abs(effect))
    return next(enough, None)


def pooled_sd(samples: Iterable[Sequence[float]]) -> float:
    """The common sd of samples with different means; NaN if none has two values."""
    several = [sample for sample in samples if len(sample) > 1]
    freedom = [len(sample) - 1 for sample in several]
    if not several:
        return nan
    total = sum(df * variance(sample) for df, sample in zip(freedom, several, strict=True))
    return sqrt(total / sum(freedom))


def seeds_needed(
    mean: float, sd: float, low: float, high: float, *, confidence: float = CONFIDENCE
) -> int | None:
    """The fewest seeds in all whose interval contains neither bound with 80 % power.

    Such an interval lies wholly between the bounds or wholly outside them. If one bound is near,
    this takes (t of confidence + t of power) sd / sqrt(n) below the distance to it; if both are
    near, the interval may include either. None if more than `MOST_SEEDS` are needed. The power
    holds if `mean` and `sd` (> 0) are true; estimates of them are themselves uncertain. The number
    is one to set in advance: adding seeds until the interval decides multiplies the error rate, for
    which there is `sequential`.
    """
    import numpy as np
    from scipy.special import stdtr, stdtrit

    # All numbers at once: 999 evaluations of the t distribution in one call.
    counts = np.arange(2, MOST_SEEDS + 1)
    error = sd / np.sqrt(counts)
    reach = stdtrit(counts - 1, (1 + confidence) / 2) * error
    ends = np.array([low - reach, low + reach, high - reach, high + reach])
    below = stdtr(counts - 1, (ends - mean) / error)  # probability that a new mean lies there
    power = below[0] + np.maximum(below[2] - below[1], 0) + 1 - below[3]
    enough = counts[power >= POWER]
    return int(enough[0]) if enough.size else None
