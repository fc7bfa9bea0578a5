"""Confidence intervals of a mean, estimated from one value per seed."""

from __future__ import annotations  # numpy and scipy are for reports: plans must start without them

import math
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray[tuple[int], np.dtype[np.floating[Any]]]

CONFIDENCE = 0.95
ALPHA = 1 - CONFIDENCE  # significance level of every test
ROUNDING = 1e-9  # relative; values closer than this are ties
RESAMPLED_FROM = 6  # seeds; of fewer, resampling sees too little of the tails
RESAMPLES = 9999
MANY = 1000  # values; of more, means are so nearly normal that no resampling is needed
UNDEFINED = (float("nan"), float("nan"))


def varies(sample: Numbers) -> bool:
    """The values differ by more than rounding. NaN makes it false.

    Equal values are what a coarse metric gives (one image of few), not a sign of certainty.
    """
    import numpy as np

    return len(sample) > 1 and bool(np.ptp(sample) > ROUNDING * np.abs(sample).max())


def deviation(sample: Numbers) -> float:
    """The standard deviation of a sample (n,); 0 of equal values, NaN of fewer than two."""
    return math.sqrt(variance(sample))


def variance(sample: Numbers) -> float:
    """The variance of a sample (n,); 0 of equal values, NaN of fewer than two.

    The mean of equal values is rounded, so they would depart from it by a last digit.
    """
    import numpy as np

    if len(sample) < 2:
        return float("nan")
    equal = not varies(sample) and not np.isnan(sample).any()
    return 0.0 if equal else float(sample.var(ddof=1))


def interval(sample: Numbers, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The t interval of the mean (n,) -> (low, high); NaN without a spread.

    Exact for values that are normal and independent; near it for top-1 over hundreds of images.
    If single runs sometimes collapse, coverage drops to 88-91 %.
    """
    import numpy as np
    from scipy.special import stdtrit

    if not varies(sample):
        return UNDEFINED
    # scipy.stats.ttest_1samp rounds differently: its ends and its p differ in the 17th digit for
    # about a third of samples, which would change every effects.csv that was written before.
    n = len(sample)
    reach = stdtrit(n - 1, (1 + confidence) / 2) * sample.std(ddof=1) / np.sqrt(n)
    return float(sample.mean() - reach), float(sample.mean() + reach)


def of_fraction(ends: tuple[float, float]) -> tuple[float, float]:
    """The interval of a fraction from its t interval, on the logit scale; always within 0 and 1.

    The half-width on that scale is the t interval's over m (1 - m), for the mean m (delta method;
    Agresti, "Categorical Data Analysis", 2013). It is for a level, such as the mean top-1 of an
    arm; differences keep the t interval. The same as the t interval to first order, it is longer
    towards one half. `ends` as they are if the mean is not between 0 and 1.
    """
    from scipy.special import expit, logit

    low, high = ends
    mean, reach = (low + high) / 2, (high - low) / 2
    if not 0 < mean < 1:  # NaN, too
        return ends
    # The derivative of logit(m) is 1 / (m (1 - m)).
    moved = reach / (mean * (1 - mean))
    return float(expit(logit(mean) - moved)), float(expit(logit(mean) + moved))


def bca(sample: Numbers, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The BCa bootstrap interval of the mean (n,) -> (low, high); it assumes no shape.

    A second look at skewed seeds, not a stricter one: it ignores the tails of the t distribution
    and is too narrow for few seeds. Coverage is 85 % at six seeds and 91 % at ten
    (`benchmarks/coverage.py`). NaN below `RESAMPLED_FROM` seeds and without a spread.
    Efron, "Better bootstrap confidence intervals", 1987.
    """
    import numpy as np
    from scipy.stats import bootstrap

    if len(sample) < RESAMPLED_FROM or not varies(sample):
        return UNDEFINED
    if len(sample) > MANY:
        return _closed_bca(sample, confidence)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scipy warns of degenerate samples; NaN says the same
        ends = bootstrap(
            (sample,),
            np.mean,
            confidence_level=confidence,
            n_resamples=RESAMPLES,
            method="BCa",
            rng=np.random.default_rng(0),  # the same digits in every report
        ).confidence_interval
    return float(ends.low), float(ends.high)


def _closed_bca(sample: Numbers, confidence: float) -> tuple[float, float]:
    """The BCa interval of the mean of many values, without resampling.

    The quantiles of resampled means by Cornish and Fisher's expansion up to the skewness, whose
    sixth over sqrt(n) is both the bias correction and the acceleration (Efron, 1987). What it
    leaves out is of the order 1 / n of the interval, and less than the noise of the resamples.
    """
    import numpy as np
    from scipy.special import ndtri

    deviations = sample - sample.mean()
    variance = (deviations**2).mean()
    a = float((deviations**3).mean() / variance**1.5 / 6 / np.sqrt(len(sample)))
    z = a + ndtri(np.array([1 - confidence, 1 + confidence]) / 2)
    x = a + z / (1 - a * z)
    low, high = sample.mean() + np.sqrt(variance / len(sample)) * (x + a * (x**2 - 1))
    return float(low), float(high)


def corrected(comparisons: int, confidence: float = CONFIDENCE) -> float:
    """The confidence of each of several intervals so that all hold together (Bonferroni)."""
    return 1 - (1 - confidence) / comparisons
