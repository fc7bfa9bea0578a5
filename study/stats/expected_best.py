"""Expected best of k trials of a search, by the n trials that it had."""

from __future__ import annotations  # numpy is for reports: plans must start without it

from typing import TYPE_CHECKING, NamedTuple

from study.stats.intervals import CONFIDENCE

if TYPE_CHECKING:
    from study.stats.intervals import Numbers

RESAMPLES = 2_000


class ExpectedBest(NamedTuple):
    """The expected best of `k` trials with its bootstrap interval."""

    k: int
    mean: float
    low: float
    high: float


def expected_best(values: Numbers, *, higher: bool) -> list[ExpectedBest]:
    """The expected best of k = 1 ... n of the trials `values` (n,), drawn without replacement.

    Dodge et al. 2019 (arXiv 1909.03004) resample with replacement, which is too low; the mean over
    all subsets of k is unbiased (Tang et al. 2020, arXiv 2004.13705). Both are of random search: of
    trials that are independent draws. The interval is a percentile bootstrap over the trials; for k
    close to n it is too narrow, as no trial better than the best one was seen.
    """
    import numpy as np

    n, sign = len(values), 1.0 if higher else -1.0
    if not n:
        return []
    weights = subset_weights(n)  # (n, n): of k, of the rank
    draws = np.random.default_rng(0).integers(n, size=(RESAMPLES, n))
    ordered = np.sort(sign * values)  # worst first
    means = weights @ ordered
    resampled = np.sort(sign * values[draws], axis=1) @ weights.T  # (RESAMPLES, n)
    ends = np.quantile(resampled, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)
    low, high = ends if higher else -ends[::-1]
    return [
        ExpectedBest(k + 1, float(sign * means[k]), float(low[k]), float(high[k])) for k in range(n)
    ]


def subset_weights(n: int) -> Numbers:
    """(n, n): the probability that rank i, from the worst, is the best of a subset of k of n.

    C(i - 1, k - 1) / C(n, k), as the other k - 1 are among those below it.
    """
    import numpy as np
    from scipy.special import comb

    k, rank = np.meshgrid(np.arange(1, n + 1), np.arange(1, n + 1), indexing="ij")
    # No overflow up to the 1,000 trials that a study may have: C(1000, 500) is 3e299.
    weights: Numbers = comb(rank - 1, k - 1) / comb(n, k)
    return weights
