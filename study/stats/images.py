"""What the same images say of two arms, beyond one number per seed.

A trial's predictions are `target` (N,) and `top` (N, k), its classes of each image, the likeliest
first. All trials of a study see the same N images in the same order, so seeds x images are not
independent samples: a hard image is hard in every seed, a bad seed is bad on every image.
A diverged trial has no predictions, and so is not among the seeds here.
"""

from __future__ import annotations  # numpy is for reports: plans must start without it

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from study.errors import StoreError
from study.stats.intervals import CONFIDENCE

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Array = np.ndarray[Any, np.dtype[Any]]
    Predictions = Mapping[str, Array]

DRAWN = 4999  # times that seeds and images are drawn anew
AT_ONCE = 500


class Hits(NamedTuple):
    seeds: list[int]
    one: Array
    """(S, N): whether the first class is the right one."""
    other: Array


def hits(one: Mapping[int, Predictions], other: Mapping[int, Predictions]) -> Hits:
    """The seeds that both have, and which images each of their trials got right.

    Raises:
        StoreError: two trials did not see the same images.
    """
    import numpy as np

    seeds = sorted(one.keys() & other.keys())
    arms = [[arm[seed] for seed in seeds] for arm in (one, other)]
    targets = [trial["target"] for arm in arms for trial in arm]
    if any(not np.array_equal(target, targets[0]) for target in targets):
        raise StoreError("the predictions are not of the same images in the same order")
    shape = (len(seeds), len(targets[0]) if targets else 0)
    found = [np.array([t["top"][:, 0] == t["target"] for t in arm], bool) for arm in arms]
    return Hits(seeds, found[0].reshape(shape), found[1].reshape(shape))


def mcnemar(seen: Hits) -> pd.DataFrame:
    """One row per seed: do two trained networks differ on images such as these?

    `gained` images that only `one` gets right, `lost` that only the other does, `mean` the
    difference of top-1, p exact: binomial, two-sided, given how many images differ. That p is never
    too small, and often too large; the mid-p would be sharper and now and then too small.
    It is about these two networks. How much another seed would change is for `stats.effects`.
    McNemar, Psychometrika 1947.
    """
    import pandas as pd
    from scipy.stats import binomtest

    rows = []
    for seed, one, other in zip(*seen, strict=True):
        gained, lost = int((one & ~other).sum()), int((other & ~one).sum())
        p = binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
        mean = (gained - lost) / len(one)
        rows.append((seed, len(one), gained, lost, mean, float(p)))
    return pd.DataFrame(rows, columns=["seed", "images", "gained", "lost", "mean", "p"])


class Together(NamedTuple):
    """What the tests of all seeds say together; none of it adds up images of several seeds."""

    seeds: int
    better: int
    """Seeds in which the first arm gets more images right."""
    worse: int
    some: float
    """p that the networks of no seed differ: the least by Bonferroni."""
    every: float
    """p that those of some seed do not differ, or do so the other way: the largest."""


def together(tests: pd.DataFrame) -> Together:
    """Of the rows of `mcnemar`. Both p hold however the seeds depend on each other."""
    n, better, worse = len(tests), int((tests["mean"] > 0).sum()), int((tests["mean"] < 0).sum())
    if not n:
        return Together(0, 0, 0, float("nan"), float("nan"))
    some = min(1.0, n * float(tests["p"].min()))
    agree = n in (better, worse)
    return Together(n, better, worse, some, float(tests["p"].max()) if agree else 1.0)


def hierarchical(seen: Hits, confidence: float = CONFIDENCE) -> dict[str, float]:
    """seeds, images, mean, low, high: the difference of top-1 over new seeds and new images.

    A bootstrap of two levels: seeds are drawn with replacement, and images once for all seeds,
    which share them (Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 2007). Two
    departures. Of S seeds the plain bootstrap makes a mean vary too little, by (S - 1) / S and by
    normal tails instead of t, so what is due to seeds is stretched by t sqrt(S / (S - 1)) / z. What
    is due to single images in single seeds is in the seeds' spread already, so what is due to
    images is shrunk to their own share. Of three seeds the interval is still rather too wide than
    too narrow. NaN below two seeds, and where no image differs.

    The interval of `stats.effects` is about new seeds on these very images; it says nothing of
    others, and of those it may miss the truth in every third study.
    """
    import numpy as np
    from scipy.special import ndtri, stdtrit

    change = seen.one.astype(np.int8) - seen.other.astype(np.int8)
    s, n = change.shape
    found = {"seeds": s, "images": n, "mean": float(change.mean()) if change.size else np.nan}
    if s < 2 or not change.any():
        return found | {"low": np.nan, "high": np.nan}
    tail = (1 + confidence) / 2
    stretch = stdtrit(s - 1, tail) / ndtri(tail) * np.sqrt(s / (s - 1))
    patterns, counts = np.unique(change, axis=1, return_counts=True)  # alike images are one draw
    share = counts / n
    shrink = np.sqrt(_of_images(change))
    chance, means = np.random.default_rng(0), list[float]()
    for size in [AT_ONCE] * (DRAWN // AT_ONCE) + [DRAWN % AT_ONCE]:
        images = share + shrink * (chance.multinomial(n, share, size) / n - share)
        seeds = chance.multinomial(s, np.full(s, 1 / s), size) / s
        weights = 1 / s + stretch * (seeds - 1 / s)
        means += list(((images @ patterns.T) * weights).sum(axis=1))
    low, high = np.quantile(means, [1 - tail, tail])
    return found | {"low": float(low), "high": float(high)}


def _of_images(change: Array) -> float:
    """The share of the variance of images' means that is due to the images themselves.

    The rest is due to single images in single seeds, by the mean squares of a two-way table.
    """
    s, n = change.shape
    means = change.mean(axis=0)
    between = s * means.var(ddof=1)
    left = change - means - change.mean(axis=1, keepdims=True) + change.mean()
    within = (left**2).sum() / ((s - 1) * (n - 1))
    return float(max(0.0, 1 - within / between)) if between else 0.0
