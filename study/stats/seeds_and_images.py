"""Intervals over new seeds and new images, for metrics that are means over images.

An interval over seeds alone is about the images that were evaluated: with 360 images and ten seeds
it excludes zero for arms that are equal on all images in 6 to 14 of 100 studies, and in more where
arms differ by image (`benchmarks/coverage.py`), because the images drawn happen to suit one arm.

Seeds and images are crossed: every seed sees every image. In the two-way table of one value per
seed and image (Clark, "The language-as-fixed-effect fallacy", Journal of Verbal Learning and
Verbal Behavior 12, 1973) the mean has the variance (MS_seed + MS_image - MS_rest) / (S N). Its two
parts are MS_seed / (S N), which the interval over seeds has already, and (MS_image - MS_rest) /
(S N), which is due to the images. Their intervals are joined as Howe does ("Approximate confidence
limits on the mean of X + Y", Journal of the American Statistical Association 69, 1974): the squares
of the two half-widths are added. So the interval is never narrower than the one over seeds.
Satterthwaite's degrees of freedom for the whole variance were tried instead, and exclude zero for
equal arms in up to 8 of 100 studies of three seeds.
"""

from __future__ import annotations  # numpy and scipy are for reports: plans must start without them

import math
from typing import TYPE_CHECKING, NamedTuple

from study.stats.intervals import CONFIDENCE, UNDEFINED, interval, varies

if TYPE_CHECKING:
    from study.stats.intervals import Numbers
    from study.stats.per_image import Array

LEAST_P = 1e-12  # below it a p is given as zero; no study has so many tests


class ImageError(NamedTuple):
    """The variance of a mean over seeds and images that is due to the draw of images."""

    variance: float
    images: int

    def reach(self, confidence: float = CONFIDENCE) -> float:
        """The half-width of the interval that images alone give."""
        from scipy.special import stdtrit

        return float(stdtrit(self.images - 1, (1 + confidence) / 2) * math.sqrt(self.variance))


def image_error(values: Array) -> ImageError:
    """The error due to images, from one value per seed and image (S, N), S and N at least 2.

    Zero where images differ from each other by no more than single images in single seeds explain.
    """
    import numpy as np

    values = np.asarray(values, float)
    s, n = values.shape
    by_image, by_seed = values.mean(axis=0), values.mean(axis=1, keepdims=True)
    # The interaction of seed and image, with what single images in single seeds vary by.
    rest = ((values - by_image - by_seed + values.mean()) ** 2).sum() / ((s - 1) * (n - 1))
    # Below zero images differ less than that by chance, and no variance is negative.
    excess = s * by_image.var(ddof=1) - rest
    return ImageError(float(max(0.0, excess)) / (s * n), n)


def over_images(
    ends: tuple[float, float], error: ImageError, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """The interval over new seeds and new images, from that over seeds; NaN without one."""
    low, high = ends
    reach = math.hypot((high - low) / 2, error.reach(confidence))
    return (low + high) / 2 - reach, (low + high) / 2 + reach


def p_over_images(differences: Numbers, error: ImageError) -> float:
    """The two-sided p of no difference over new seeds and new images; NaN without a spread.

    `differences` (S,) are paired by seed. It is the level at which the interval, the t interval
    widened by `over_images`, ends at zero.
    """
    import numpy as np
    from scipy.optimize import brentq
    from scipy.special import stdtrit

    if not varies(differences):
        return float("nan")
    s, mean = len(differences), float(differences.mean())
    # As in `over_images`, the error of single images in single seeds is in the part of the seeds.
    by_seed = float(differences.var(ddof=1)) / s
    freedom, variances = np.array([s - 1, error.images - 1]), np.array([by_seed, error.variance])

    def excess(p: float) -> float:
        return float((stdtrit(freedom, 1 - p / 2) ** 2 * variances).sum()) - mean**2

    # The search needs ends of two signs.
    if excess(LEAST_P) <= 0:
        return 0.0
    # At p = 1 the interval has no width.
    return float(brentq(excess, LEAST_P, 1.0)) if mean else 1.0


class SeedsAndImages(NamedTuple):
    """A difference with its interval over new seeds and new images."""

    seeds: int
    images: int
    mean: float
    low: float
    high: float


def seeds_and_images(change: Array, confidence: float = CONFIDENCE) -> SeedsAndImages:
    """The difference over new seeds and new images, from one change per seed and image (S, N).

    The ends are NaN below two seeds, and where all seeds have the same mean.
    """
    s, n = change.shape
    if not change.size:
        return SeedsAndImages(s, n, math.nan, *UNDEFINED)
    means = change.mean(axis=1, dtype=float)
    if min(s, n) < 2 or not varies(means):
        return SeedsAndImages(s, n, float(means.mean()), *UNDEFINED)
    error = image_error(change)
    ends = over_images(interval(means, confidence), error, confidence)
    return SeedsAndImages(s, n, float(means.mean()), *ends)
