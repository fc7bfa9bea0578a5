"""Intervals over new seeds and new images."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats as reference
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from study import stats

RNG = np.random.default_rng(0)


def changes(seeds=4, images=60):
    """A change of each image that all seeds share, and one of its own in every seed."""
    return RNG.normal(size=images) + RNG.normal(0.2, 1, (seeds, images))


def test_the_error_of_images_is_that_of_the_mean_squares_of_a_two_way_table():
    values = changes()
    s, n = values.shape
    seed, image = np.indices(values.shape)
    long = pd.DataFrame({"seed": seed.ravel(), "image": image.ravel(), "value": values.ravel()})
    table = anova_lm(ols("value ~ C(seed) + C(image)", long).fit())
    squares = table["mean_sq"]
    expected = (squares["C(image)"] - squares["Residual"]) / (s * n)
    assert stats.image_error(values) == pytest.approx((expected, n))
    # The whole variance of the mean; its other part is that of the interval over seeds.
    means = values.mean(axis=1)
    whole = (squares["C(seed)"] + squares["C(image)"] - squares["Residual"]) / (s * n)
    assert means.var(ddof=1) / s + stats.image_error(values).variance == pytest.approx(whole)


def test_images_that_differ_by_chance_alone_add_nothing():
    alternating = np.array([[1, -1] * 30, [-1, 1] * 30, [1, 1, -1, -1] * 15])
    assert stats.image_error(alternating).variance == 0
    assert stats.over_images((-1.0, 2.0), stats.image_error(alternating)) == (-1.0, 2.0)


def test_of_seeds_that_are_alike_the_error_is_that_of_one_sample_of_images():
    once = RNG.normal(size=50)
    error = stats.image_error(np.repeat(once[None], 3, axis=0))
    assert error.variance == pytest.approx(once.var(ddof=1) / 50)
    low, high = reference.t.interval(0.95, 49, once.mean(), once.std(ddof=1) / math.sqrt(50))
    assert error.reach() == pytest.approx((high - low) / 2)


def test_the_squares_of_both_half_widths_are_added():
    values = changes()
    row, ends = stats.seeds_and_images(values), stats.interval(values.mean(axis=1))
    reach = math.hypot((ends[1] - ends[0]) / 2, stats.image_error(values).reach())
    assert (row.low, row.high) == pytest.approx((row.mean - reach, row.mean + reach))
    assert row[:3] == (4, 60, pytest.approx(values.mean()))


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.999])
def test_the_p_is_the_level_at_which_the_interval_ends_at_zero(confidence):
    values = changes()
    # Moved so that zero is the lower end of the interval at this confidence.
    values = values - stats.seeds_and_images(values, confidence).low
    p = stats.p_over_images(values.mean(axis=1), stats.image_error(values))
    assert p == pytest.approx(1 - confidence, rel=1e-6)


def test_without_an_error_of_images_the_p_is_that_of_the_paired_t_test():
    differences = RNG.normal(1, 1, 6)
    p = stats.p_over_images(differences, stats.ImageError(0.0, 500))
    assert p == pytest.approx(stats.t_test(differences))
    assert stats.p_over_images(1000 + differences, stats.ImageError(0.0, 500)) < 1e-9
    assert math.isnan(stats.p_over_images(np.ones(3), stats.ImageError(0.1, 500)))


def test_more_images_do_not_make_up_for_few_seeds():
    """A bad seed is bad on every image: the interval over seeds stays as it is."""
    skill = np.array([0.7, 0.8, 0.9])[:, None]
    widths = []
    for images in (500, 50_000):
        first, second = RNG.random((2, 3, images)) < np.array([skill, 0 * skill + 0.8])
        row = stats.seeds_and_images(stats.Hits([0, 1, 2], first, second).change)
        widths.append(row.high - row.low)
    assert widths[1] == pytest.approx(widths[0], rel=0.3)


@pytest.mark.parametrize("values", [np.ones((1, 9)), np.ones((3, 9)), np.ones((0, 0))])
def test_without_seeds_or_without_a_spread_there_is_no_interval(values):
    row = stats.seeds_and_images(values)
    assert math.isnan(row.low)
    assert math.isnan(row.high)
