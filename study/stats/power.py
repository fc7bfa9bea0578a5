"""Power: the smallest effect that a number of seeds detects, and the seeds that an effect needs.

Differences are paired by seed and normal; the test is the paired t test, that is the t interval.
"Detects" means with 80 % power. Seeds are fixed in advance; `sequential` adds them until a contrast
is decided.
"""

from __future__ import annotations  # numpy and scipy are for reports: plans must start without them

from collections.abc import Callable, Iterable, Sequence
from math import inf, nan, sqrt
from statistics import NormalDist, variance
from typing import NamedTuple

from study.stats.intervals import CONFIDENCE

POWER = 0.8  # also written out in `MeasuredRange.seeds_text`
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
    is itself uncertain: see `with_range`.
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


def sd_range(sd: float, freedom: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The chi-square interval of the true sd of normal values, from a sample's `sd`.

    With 2 degrees of freedom, of three seeds, it goes from half the sd to six times it.
    """
    from scipy.special import chdtri

    tail = (1 - confidence) / 2
    # chdtri takes the probability above.
    # The sum of squares over the true variance is chi-square, so a small sample bounds it badly.
    low, high = (sd * sqrt(freedom / chdtri(freedom, above)) for above in (tail, 1 - tail))
    return float(low), float(high)


class SeedsNeeded(NamedTuple):
    """A number of seeds in all, and its range over the interval of the sd; None: too many."""

    number: int | None
    low: int | None
    high: int | None

    @property
    def text(self) -> str:
        """The number with its range: "12 (5 to 360)"."""
        if self.low is None:
            return f"more than {MOST_SEEDS}"
        if self.low == self.high:
            return f"{self.low}"
        number, high = (f"more than {MOST_SEEDS}" if n is None else n for n in self[::2])
        return f"{number} ({self.low} to {high})"


def with_range(sd: float, freedom: int, needed: Callable[[float], int | None]) -> SeedsNeeded:
    """The seeds that an sd needs, and those that the ends of its interval need.

    Estimates of few seeds say little: of three, the true number may be 40 times as large.
    """
    low, high = sd_range(sd, freedom)
    return SeedsNeeded(needed(sd), needed(low), needed(high))


def seeds_needed(
    mean: float,
    sd: float,
    low: float,
    high: float,
    *,
    confidence: float = CONFIDENCE,
    image_reach: float = 0.0,
) -> int | None:
    """The fewest seeds in all whose interval contains neither bound with 80 % power.

    Such an interval lies wholly between the bounds or wholly outside them. If one bound is near,
    this takes (t of confidence + t of power) sd / sqrt(n) below the distance to it; if both are
    near, the interval may include either. `image_reach` is the half-width that the draw of images
    adds (`over_images`), which stays as it is. None if more than `MOST_SEEDS` are needed. The power
    holds if `mean` and `sd` (> 0) are true; estimates of them are themselves uncertain. The number
    is one to set in advance: adding seeds until the interval decides multiplies the error rate, for
    which there is `sequential`.
    """
    import numpy as np
    from scipy.special import stdtr, stdtrit

    # All numbers at once: 999 evaluations of the t distribution in one call.
    counts = np.arange(2, MOST_SEEDS + 1)
    error = sd / np.sqrt(counts)
    # More seeds shrink the part of the seeds alone; the images are the same ones.
    reach = np.hypot(stdtrit(counts - 1, (1 + confidence) / 2) * error, image_reach)
    ends = np.array([low - reach, low + reach, high - reach, high + reach])
    below = stdtr(counts - 1, (ends - mean) / error)  # probability that a new mean lies there
    power = below[0] + np.maximum(below[2] - below[1], 0) + 1 - below[3]
    enough = counts[power >= POWER]
    return int(enough[0]) if enough.size else None
