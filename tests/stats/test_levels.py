"""Intervals of fractions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from study import stats


@given(st.lists(st.floats(0.5, 1), min_size=2, max_size=9))
def test_the_interval_of_a_fraction_lies_within_zero_and_one(values):
    low, high = stats.of_fraction(stats.interval(np.array(values)))
    mean = np.mean(values)
    assert np.isnan(low) or mean in (0, 1) or 0 <= low <= mean <= high <= 1


def test_its_half_width_on_the_logit_scale_is_by_the_delta_method():
    values = np.array([0.98, 0.99, 1.0])
    low, high = stats.of_fraction(stats.interval(values))
    reach = (stats.interval(values)[1] - 0.99) / (0.99 * 0.01)
    assert (low, high) == pytest.approx((expit(logit(0.99) - reach), expit(logit(0.99) + reach)))
    assert stats.interval(values)[1] > 1 > high


def test_far_from_both_ends_it_is_the_t_interval():
    ends = stats.interval(np.array([0.500, 0.502, 0.501]))
    assert stats.of_fraction(ends) == pytest.approx(ends, abs=1e-6)


def test_one_value_has_no_interval():
    assert np.isnan(stats.of_fraction(stats.interval(np.array([0.9])))).all()


@pytest.mark.heavy
@pytest.mark.parametrize("seeds", [3, 10])
def test_it_holds_the_truth_near_the_ceiling(seeds):
    """Networks that get 99 % of 2000 images right, with a spread of seeds on the logit scale."""
    draws, held = np.random.default_rng(seeds), []
    truth = expit(logit(0.99) + np.random.default_rng(1).normal(0, 0.15, 100_000)).mean()
    for _ in range(2000):
        right = expit(logit(0.99) + draws.normal(0, 0.15, seeds))
        low, high = stats.of_fraction(stats.interval(draws.binomial(2000, right) / 2000))
        held.append(low <= truth <= high)
    assert 0.93 <= np.mean(held) <= 0.97
