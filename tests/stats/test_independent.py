"""Differences of arms without seeds in common: Welch's interval and test."""

import numpy as np
import pytest
from scipy.stats import ttest_ind

from study import stats
from study.stats import UNPAIRED, Independent
from tests.stats.frames import frame, rows


def samples(sizes, spreads, seed):
    random = np.random.default_rng(seed)
    return [random.normal(0, s, n) for n, s in zip(sizes, spreads, strict=True)]


@pytest.mark.parametrize("sizes", [(3, 3), (5, 2), (12, 4)])
@pytest.mark.parametrize("spreads", [(1, 1), (1, 10)])
def test_the_interval_and_the_test_are_those_of_scipy(sizes, spreads):
    first, second = samples(sizes, spreads, 0)
    reference = ttest_ind(first, second, equal_var=False)
    difference = Independent((1, -1), (first, second))
    assert difference.p == pytest.approx(reference.pvalue, rel=1e-9)
    assert difference.interval() == pytest.approx(tuple(reference.confidence_interval(0.95)))
    assert difference.mean == pytest.approx(first.mean() - second.mean())


def test_arms_are_compared_by_their_means_whatever_their_numbers():
    measured = frame(rows("base", [1.0, 2.0, 4.0]), rows("arm", [5.0, 3.0]))
    (row,) = stats.typed_rows(stats.effects(measured, "base", UNPAIRED), stats.Effect)
    reference = ttest_ind([5, 3], [1, 2, 4], equal_var=False)
    assert (row.n, row.unpaired, row.mean) == (2, 0, pytest.approx(4 - 7 / 3))
    assert (row.low, row.high) == pytest.approx(tuple(reference.confidence_interval(0.95)))
    assert np.isnan([row.p, row.bca_low]).all()


def test_a_contrast_without_pairs_is_tested_by_welch():
    measured = frame(rows("base", [1.0, 2.0, 4.0]), rows("arm", [5.0, 3.0, 9.0]))
    table = stats.contrasts(measured, [stats.Contrast("arm", "base", "top1")], how=UNPAIRED)
    reference = ttest_ind([5, 3, 9], [1, 2, 4], equal_var=False)
    assert table["t_p"][0] == table["t_holm"][0] == pytest.approx(reference.pvalue)


def test_a_main_effect_without_pairs_adds_up_the_variances_of_its_arms():
    values = {"00": [0.0, 1.0], "01": [2.0, 5.0], "10": [1.0, 4.0], "11": [3.0, 9.0]}
    choices = {name: tuple(map(int, name)) for name in values}
    measured = frame(*(rows(arm, own) for arm, own in values.items()))
    effects = stats.typed_rows(stats.factorial(measured, choices, UNPAIRED), stats.FactorialEffect)
    main = next(row for row in effects if row.term == ((0, 1),))
    groups = [np.array(values[arm]) for arm in ("10", "11", "00", "01")]
    expected = Independent((0.5, 0.5, -0.5, -0.5), groups)
    ends = (expected.mean, *expected.interval())
    assert (main.mean, main.low, main.high) == pytest.approx(ends)


@pytest.mark.parametrize("groups", [([1.0], [2.0, 3.0]), ([1.0, 1.0], [2.0, 2.0])])
def test_there_is_no_interval_without_a_spread(groups):
    difference = Independent((1, -1), [np.array(group) for group in groups])
    assert np.isnan([*difference.interval(), difference.p]).all()


def test_a_diverged_trial_leaves_no_difference():
    difference = Independent((1, -1), [np.array([1.0, np.nan]), np.array([2.0, 3.0])])
    assert np.isnan([difference.mean, *difference.interval(), difference.p]).all()


@pytest.mark.slow
@pytest.mark.parametrize(("sizes", "spreads"), [((3, 3), (1, 1)), ((10, 5), (1, 4))])
def test_the_interval_holds_the_truth_as_often_as_it_says(sizes, spreads):
    inside = 0
    for seed in range(4000):
        low, high = Independent((1, -1), samples(sizes, spreads, seed)).interval()
        inside += low <= 0 <= high
    # The ends of its docstring, and three standard errors of a simulated rate.
    assert 0.925 <= inside / 4000 <= 0.975
