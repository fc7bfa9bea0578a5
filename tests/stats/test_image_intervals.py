"""Intervals over images, of arms that have one answer each."""

import operator

import numpy as np
import pytest
from scipy import stats as reference

from study import stats

STUDIES = 2000


def two_arms(rng, images, first=0.7, second=0.7, shared=0.6):
    """Hits of two arms whose images are easy or hard for both, with these probabilities."""
    skill = rng.normal(size=images) * np.sqrt(shared)
    noise = rng.normal(size=(2, images)) * np.sqrt(1 - shared)
    edges = reference.norm.ppf([first, second])
    return [skill + own < edge for own, edge in zip(noise, edges, strict=True)]


@pytest.mark.slow
@pytest.mark.parametrize("images", [200, 2000])
@pytest.mark.parametrize(
    ("quantity", "arms", "truth"),
    [(operator.sub, 2, 0.0), (operator.truediv, 2, 1.0), (operator.pos, 1, 0.7)],
    ids=["difference", "ratio", "level"],
)
def test_an_interval_over_images_holds_the_truth_as_often_as_it_says(images, quantity, arms, truth):
    rng, held = np.random.default_rng(1), 0
    for _ in range(STUDIES):
        low, high = stats.image_interval(quantity, *two_arms(rng, images)[:arms])
        held += low <= truth <= high
    assert 0.93 <= held / STUDIES <= 0.97


def test_the_bootstrap_draws_the_images_of_both_arms_together():
    hits = two_arms(np.random.default_rng(2), 400)
    means = stats.resampled(*hits)
    assert means.shape == (2, 4999)
    assert means.mean(axis=1) == pytest.approx([array.mean() for array in hits], abs=0.002)
    change = hits[0].astype(float) - hits[1]
    spread = change.std() / np.sqrt(400)
    assert (means[0] - means[1]).std() == pytest.approx(spread, rel=0.05)
    assert np.array_equal(means, stats.resampled(*hits))


def test_the_interval_is_that_of_scipy():
    hits = two_arms(np.random.default_rng(3), 500, first=0.8)
    change = hits[0].astype(float) - hits[1]
    ends = reference.bootstrap((change,), np.mean, method="percentile", rng=0).confidence_interval
    assert stats.image_interval(operator.sub, *hits) == pytest.approx(
        (ends.low, ends.high), abs=0.004
    )


def first_right(images, gained):
    """Two arms of which the first gets `gained` images more right, and no image fewer."""
    second = np.arange(images) >= images // 2
    return second | (np.arange(images) < gained), second


@pytest.mark.parametrize("gained", [0, 1, 5])
def test_few_images_that_differ_give_no_interval(gained):
    """McNemar's exact test cannot tell the arms apart either: p is at least 0.06."""
    assert np.isnan(stats.image_interval(operator.sub, *first_right(200, gained))).all()


def test_six_images_that_differ_give_one_at_95_per_cent_and_not_at_99():
    hits = first_right(200, 6)
    assert stats.image_interval(operator.sub, *hits)[0] > 0
    assert reference.binomtest(6, 6).pvalue < 0.05
    assert np.isnan(stats.image_interval(operator.sub, *hits, confidence=0.99)).all()


def test_a_ratio_to_an_arm_that_gets_nothing_right_has_no_interval():
    rng = np.random.default_rng(4)
    first, second = rng.random(50) < 0.5, np.arange(50) < 1
    assert np.isnan(stats.image_interval(operator.truediv, first, second)).all()


@pytest.mark.parametrize("size", [1, 30])
def test_an_arm_that_gets_every_image_right_has_no_interval(size):
    assert np.isnan(stats.image_interval(operator.pos, np.ones(size, bool))).all()


def test_a_narrow_correction_has_samples_in_its_tails():
    hits = two_arms(np.random.default_rng(5), 400)
    ends = [stats.image_interval(operator.sub, *hits, confidence=c) for c in (0.95, 0.999, 0.9999)]
    lows, highs = zip(*ends, strict=True)
    assert list(lows) == sorted(lows, reverse=True)
    assert list(highs) == sorted(highs)
    spread = (hits[0].astype(float) - hits[1]).std() / 20
    mean = hits[0].mean() - hits[1].mean()
    assert highs[2] - mean == pytest.approx(3.89 * spread, rel=0.1)  # of the normal distribution
