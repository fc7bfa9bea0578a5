"""AP over new images: computed again for every bootstrap sample of them, from stored matches."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from study.errors import StoreError
from study.tasks.detection.evaluation.matches import BITS, Matches, of_arrays
from study.tasks.image_samples import Arrays, ImageSamples

RECALLS = np.linspace(0, 1, 101)  # at which COCO reads the precision
TINY = np.spacing(1)  # COCO's, so that 0 / 0 is 0
METRICS: Mapping[str, slice] = {"ap": slice(None), "ap50": slice(1), "ap75": slice(5, 6)}
"""By metric, its thresholds among the ten; the others are of objects of one size."""

SAMPLES = 1000  # of the images; AP of 600 images with 3,300 detections takes 1.7 ms in each

Floats = NDArray[np.float64]


def average_precision(matches: Matches, weights: Floats, metric: str = "ap") -> Floats:
    """(S, I) -> (S,): AP where image i counts weights[s, i] times; NaN without any object."""
    order = np.argsort(-matches.score, kind="stable")
    means = []
    for label in np.unique(matches.object_label):
        own = order[matches.label[order] == label]
        total = weights[:, matches.object_image[matches.object_label == label]].sum(1)  # (S,)
        by_threshold = [_of_one(matches, own, weights, total, bit) for bit in BITS[METRICS[metric]]]
        # A category without an object in a sample has no AP, and is left out of its mean.
        means.append(np.where(total > 0, np.mean(by_threshold, 0), np.nan))
    if not means:
        return np.full(len(weights), np.nan)
    defined = ~np.isnan(means)
    counts = defined.sum(0)
    sums = np.where(defined, means, 0).sum(0)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _of_one(
    matches: Matches, own: NDArray[np.int64], weights: Floats, total: Floats, bit: np.uint16
) -> Floats:
    """(S,) the AP of one category at one threshold, over detections in the order of `own`."""
    right = (matches.hit[own] & bit) > 0
    wrong = ~right & ((matches.ignored[own] & bit) == 0)
    each = weights[:, matches.image[own]]  # (S, D)
    hits = np.cumsum(each * right, 1)[:, right]
    # The precision is largest just behind a hit: other places need not be looked at.
    misses = np.cumsum(each * wrong, 1)[:, right]
    precision = hits / (hits + misses + TINY)
    envelope = np.maximum.accumulate(precision[:, ::-1], 1)[:, ::-1]
    recall = hits / np.maximum(total, 1)[:, None]
    # The envelope is 0 beyond the last recall that is reached.
    envelope = np.concatenate([envelope, np.zeros((len(weights), 1))], 1)
    places = [np.searchsorted(line, RECALLS, side="left") for line in recall]
    read = np.take_along_axis(envelope, np.array(places), 1)  # (S, 101)
    return np.asarray(read.mean(1))


def image_samples(
    first: Mapping[int, Arrays],
    second: Mapping[int, Arrays],
    metric: str,
    samples: int = SAMPLES,
) -> ImageSamples | None:
    """The differences of a metric for the seeds of both arms; None if it cannot be resampled.

    Raises:
        StoreError: two trials did not see the same images and objects.
    """
    name = metric.removeprefix("mask_")
    seeds = sorted(first.keys() & second.keys())
    if name not in METRICS or not seeds:
        return None
    masks = name != metric
    arms = [[of_arrays(arm[s], masks=masks) for s in seeds] for arm in (first, second)]
    base = arms[0][0]
    for other in (trial for arm in arms for trial in arm):
        same = (
            np.array_equal(getattr(base, field), getattr(other, field))
            for field in ("images", "object_image", "object_label")
        )
        if not all(same):
            raise StoreError("the detections are not of the same images and objects")
    count = len(base.images)
    draws = np.random.default_rng(0)  # the same digits in every report
    drawn = draws.multinomial(count, np.full(count, 1 / count), samples)
    weights = np.concatenate([np.ones((1, count)), drawn])
    ours, theirs = (
        np.array([average_precision(trial, weights, name) for trial in arm]) for arm in arms
    )
    apart = ours - theirs  # (seeds, 1 + S)
    return ImageSamples(seeds, count, apart[:, 0], apart[:, 1:])
