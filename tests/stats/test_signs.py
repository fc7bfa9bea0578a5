"""The sign-flip test, where all signs can be looked at and where they cannot."""

import numpy as np
import pytest
from scipy import stats as reference

from study import stats

CHANCE = np.random.default_rng(0)


def test_more_pairs_than_can_be_enumerated_have_a_p_that_is_drawn():
    sample = CHANCE.normal(0.3, size=stats.ENUMERATED + 5)
    test = reference.permutation_test(
        (sample,), np.mean, permutation_type="samples", n_resamples=100_000, rng=CHANCE
    )
    assert stats.sign_flip(sample) == pytest.approx(test.pvalue, abs=0.01)
    assert stats.sign_flip(sample) == stats.sign_flip(sample)


def test_what_is_drawn_agrees_with_what_is_enumerated(monkeypatch):
    sample = CHANCE.normal(0.5, size=10)
    exact = stats.sign_flip(sample)
    monkeypatch.setattr("study.stats.signs.ENUMERATED", 5)
    assert stats.sign_flip(sample) == pytest.approx(exact, abs=0.01)


def test_no_p_is_zero():
    sample = np.full(stats.ENUMERATED + 30, 1.0)
    assert stats.sign_flip(sample) == stats.smallest_p(len(sample)) == 1 / (1 + stats.DRAWS)


@pytest.mark.parametrize(
    ("sample", "p"),
    [([1, 1, 1], 0.25), ([0, 0, 0], 1), ([1, -1], 1), ([0, 1, 1], 0.5), ([0.1 + 0.2, -0.3], 1)],
)
def test_ties_and_zeros_count_as_extreme(sample, p):
    assert stats.sign_flip(np.array(sample, float)) == p
