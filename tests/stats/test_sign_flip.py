"""Sign-flip test, with all sign patterns enumerated and with random ones."""

from importlib import import_module
from itertools import product

import numpy as np
import pytest
from scipy import stats as reference

from study import stats

RNG = np.random.default_rng(0)


def test_many_pairs_use_random_sign_patterns():
    sample = RNG.normal(0.3, size=stats.ENUMERATED + 5)
    test = reference.permutation_test(
        (sample,), np.mean, permutation_type="samples", n_resamples=100_000, rng=RNG
    )
    assert stats.sign_flip(sample) == pytest.approx(test.pvalue, abs=0.01)
    assert stats.sign_flip(sample) == stats.sign_flip(sample)


def test_random_sign_patterns_agree_with_all_patterns(monkeypatch):
    sample = RNG.normal(0.5, size=10)
    exact = stats.sign_flip(sample)
    monkeypatch.setattr(import_module("study.stats.sign_flip"), "ENUMERATED", 5)
    assert stats.sign_flip(sample) == pytest.approx(exact, abs=0.01)


@pytest.mark.parametrize("n", range(2, 13))
def test_the_p_is_that_of_scipy_and_of_all_sign_patterns_to_the_last_digit(n):
    signs = np.array(list(product([1, -1], repeat=n)))
    for sample in (RNG.normal(0.3, size=n), RNG.integers(-3, 5, n) / 4):  # the second has ties
        sums = np.abs(signs @ sample)
        exact = (sums >= abs(sample.sum()) - 1e-12).mean()
        test = reference.permutation_test(
            (sample,), np.sum, permutation_type="samples", n_resamples=np.inf
        )
        assert stats.sign_flip(sample) == test.pvalue == exact


def test_no_p_is_zero():
    sample = np.full(stats.ENUMERATED + 30, 1.0)
    assert stats.sign_flip(sample) == stats.smallest_p(len(sample)) == 1 / (1 + stats.DRAWS)


@pytest.mark.parametrize(
    ("sample", "p"),
    [([1, 1, 1], 0.25), ([0, 0, 0], 1), ([1, -1], 1), ([0, 1, 1], 0.5), ([0.1 + 0.2, -0.3], 1)],
)
def test_ties_and_zeros_count_as_extreme(sample, p):
    assert stats.sign_flip(np.array(sample, float)) == p


@pytest.mark.parametrize("kind", ["normal", "counts", "equal"])
def test_the_p_of_a_thousand_pairs_is_that_of_drawn_patterns(kind):
    rng = np.random.default_rng(0)
    counts = rng.choice([-1.0, 0.0, 1.0], 1200, p=[0.3, 0.35, 0.35])
    sample = {"normal": rng.normal(0.06, 1, 1200), "counts": counts, "equal": 0 * counts}[kind]
    signs = rng.choice([-1.0, 1.0], (8000, 1200))
    drawn = (abs(signs @ sample) >= abs(sample.sum()) - 1e-9).mean()
    assert stats.sign_flip(sample) == pytest.approx(drawn, abs=0.015)


def test_one_difference_that_outweighs_all_others_is_drawn():
    sample = np.array([100.0] + [0.01, -0.01] * 600)
    # A normal sum would have 0.32.
    assert stats.sign_flip(sample) == pytest.approx(0.5, abs=0.03)


def test_the_smallest_p_of_thousands_of_pairs_is_that_of_drawn_patterns():
    assert stats.sign_flip(np.ones(5000)) == stats.smallest_p(5000)
