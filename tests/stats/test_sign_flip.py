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
