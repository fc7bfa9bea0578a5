"""Per-image comparison of two arms: which images each gets right, beyond one number per seed.

A trial's predictions are `target` (N,) and `top` (N, k), the classes predicted for each image, most
likely first. All trials of a study see the same N images in the same order, so seeds x images are
not independent samples: a hard image is hard in every seed, a bad seed is bad on every image.
A diverged trial has no predictions and is not among the seeds.
"""

from __future__ import annotations  # numpy is for reports: plans must start without it

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from study.errors import StoreError
from study.stats.intervals import CONFIDENCE, UNDEFINED
from study.stats.rows import typed_rows

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Array = NDArray[Any]
    Predictions = Mapping[str, Array]

RESAMPLES = 4999  # bootstrap samples of images


class Hits(NamedTuple):
    """Correct predictions of two arms, for the seeds that both have."""

    seeds: list[int]
    first: Array
    """(S, N), bool: the most likely class is the target."""
    second: Array

    @property
    def change(self) -> Array:
        """(S, N): 1 where only the first is right, -1 where only the second is, else 0."""
        # Signed, since bool has no subtraction.
        import numpy as np

        return np.subtract(self.first, self.second, dtype=np.int8)


def hits(first: Mapping[int, Predictions], second: Mapping[int, Predictions]) -> Hits:
    """The correct predictions of two arms, from their predictions by seed.

    Raises:
        StoreError: two trials did not see the same images.
    """
    import numpy as np

    seeds = sorted(first.keys() & second.keys())
    arms = [[arm[seed] for seed in seeds] for arm in (first, second)]
    targets = [trial["target"] for arm in arms for trial in arm]
    if any(not np.array_equal(target, targets[0]) for target in targets):
        raise StoreError("the predictions are not of the same images in the same order")
    shape = (len(seeds), len(targets[0]) if targets else 0)
    correct = [np.array([t["top"][:, 0] == t["target"] for t in arm], bool) for arm in arms]
    return Hits(seeds, correct[0].reshape(shape), correct[1].reshape(shape))


def mcnemar(pairs: Hits) -> pd.DataFrame:
    """One row per seed: the exact McNemar test of two trained networks on the same images.

    `gained` images that only the first gets right, `lost` that only the second does, `mean` the
    difference of top-1, p binomial and two-sided, given how many images differ. The exact p is
    never too small and often too large; the mid-p is sharper but sometimes too small.
    The test is about these two networks; for the effect of another seed see `stats.effects`.
    McNemar, Psychometrika 1947.
    """
    import pandas as pd
    from scipy.stats import binomtest

    rows = []
    for seed, first, second in zip(*pairs, strict=True):
        gained, lost = int((first & ~second).sum()), int((second & ~first).sum())
        # If no image differs, nothing speaks against equality.
        p = binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
        mean = (gained - lost) / len(first)
        rows.append((seed, len(first), gained, lost, mean, float(p)))
    return pd.DataFrame(rows, columns=list(McNemar._fields))


class McNemar(NamedTuple):
    """A row of `mcnemar`."""

    seed: int
    images: int
    gained: int
    lost: int
    mean: float
    p: float


class Combined(NamedTuple):
    """The McNemar tests of all seeds combined, without pooling images of several seeds."""

    seeds: int
    better: int
    """Seeds in which the first arm gets more images right."""
    worse: int
    some: float
    """p that the networks of no seed differ: the least by Bonferroni."""
    every: float
    """p that those of some seed do not differ, or do so the other way: the largest."""


def combined(tests: pd.DataFrame) -> Combined:
    """The rows of `mcnemar` combined. Both p hold however the seeds depend on each other."""
    rows = typed_rows(tests, McNemar)
    n, ps = len(rows), [row.p for row in rows]
    better, worse = sum(row.mean > 0 for row in rows), sum(row.mean < 0 for row in rows)
    if not n:
        return Combined(0, 0, 0, float("nan"), float("nan"))
    # An intersection-union test: every seed must differ in one direction, so the largest p decides.
    agree = n in (better, worse)
    return Combined(n, better, worse, min(1.0, n * min(ps)), max(ps) if agree else 1.0)


def over_seeds_and_images(
    differences: Array, samples: Array, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """The interval of a difference over new seeds and new images, for any metric of images.

    `differences` (S,) are those of the seeds on the images themselves, `samples` (S, B) those on
    bootstrap samples of the images, drawn once for all seeds, since the seeds share them (Owen,
    "The pigeonhole bootstrap", Annals of Applied Statistics 2007). Seeds are drawn with
    replacement; of S seeds that makes a mean vary too little, by (S - 1) / S and by normal tails
    instead of t, so the part due to seeds is stretched. The part due to single images in single
    seeds counts twice, as a metric such as AP is no mean over images from which it could be taken
    apart (`seeds_and_images`): the interval is rather too wide than too narrow. Samples are moved
    to have the mean of the differences, as AP of a sample in which images repeat is too high. NaN
    below two seeds, and where nothing differs.
    """
    import numpy as np

    s, count = samples.shape
    if s < 2 or not samples.any() or not np.isfinite(samples).all():
        return UNDEFINED
    moved = samples + (differences - samples.mean(axis=1))[:, None]
    seeds = np.random.default_rng(0).multinomial(s, np.full(s, 1 / s), count) / s  # (B, S)
    weights = 1 / s + _stretch(s, confidence) * (seeds - 1 / s)
    tail = (1 - confidence) / 2
    low, high = np.quantile((moved.T * weights).sum(axis=1), [tail, 1 - tail])
    return float(low), float(high)


def _stretch(seeds: int, confidence: float) -> float:
    """The factor by which means over drawn seeds vary too little; see `over_seeds_and_images`."""
    from scipy.special import ndtri, stdtrit

    tail = (1 + confidence) / 2
    return float(stdtrit(seeds - 1, tail) / ndtri(tail) * math.sqrt(seeds / (seeds - 1)))


# ---- one answer per arm: images alone are the sample ----


def resampled(*hits: Array, samples: int = RESAMPLES) -> Array:
    """The means of boolean arrays (N,) over new images -> (arms, samples).

    Each bootstrap sample draws the images once for all arms, which keeps the arms paired.
    """
    import numpy as np

    # Images on which all arms agree in the same way are alike, so counts of patterns are drawn.
    codes = sum(array.astype(int) << place for place, array in enumerate(hits))
    counts = np.bincount(codes, minlength=2 ** len(hits))
    patterns = np.arange(2 ** len(hits))[None] >> np.arange(len(hits))[:, None] & 1
    n = len(hits[0])
    draws = np.random.default_rng(0).multinomial(n, counts / n, samples)
    return np.asarray(patterns @ draws.T / n)


def varying(*hits: Array) -> int:
    """Number of images that two arms differ on; of one arm, those of its rarer outcome."""
    first = hits[0]
    if len(hits) == 1:
        return int(min(first.sum(), (~first).sum()))
    return int((first != hits[1]).sum())


def fewest_varying(confidence: float = CONFIDENCE) -> int:
    """The fewest images that must vary for an interval: 6 at 95 %.

    Of fewer, McNemar's exact test cannot tell two arms apart either, however they vary, while the
    bootstrap would from 4 images on.
    """
    return math.ceil(math.log2(2 / (1 - confidence)))


def image_interval(
    quantity: Callable[..., Array], *hits: Array, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """The percentile interval over new images of a quantity of one or two fractions.

    `quantity` takes the means (samples,) of every boolean array (N,) in `hits`. NaN if fewer than
    `fewest_varying` images vary, or if the quantity has no value in some sample.
    """
    import numpy as np

    if varying(*hits) < fewest_varying(confidence):
        return UNDEFINED
    tail = (1 - confidence) / 2
    # At least ten samples in each tail, which a correction for many tests may narrow.
    samples = max(RESAMPLES, round(10 / tail))
    with np.errstate(divide="ignore", invalid="ignore"):
        values = quantity(*resampled(*hits, samples=samples))
    if not np.isfinite(values).all():
        return UNDEFINED
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)
