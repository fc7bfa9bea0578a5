"""The expected best of k trials, against every subset of k."""

from itertools import combinations

import numpy as np
import pytest

from study.stats import expected_best


@pytest.mark.parametrize(("higher", "best"), [(True, max), (False, min)])
def test_it_is_the_mean_over_all_subsets(higher, best):
    values = np.array([0.3, 0.9, 0.5, 0.7, 0.1, 0.7])
    rows = expected_best(values, higher=higher)
    assert [row.k for row in rows] == [1, 2, 3, 4, 5, 6]
    for row in rows:
        exact = np.mean([best(subset) for subset in combinations(values, row.k)])
        assert row.mean == pytest.approx(exact, rel=1e-12)
        assert row.low <= row.mean <= row.high
    assert rows[0].mean == pytest.approx(values.mean())
    assert rows[-1].mean == pytest.approx(best(values))


def test_two_trials_by_hand():
    rows = expected_best(np.array([0.6, 0.8]), higher=True)
    assert [row.mean for row in rows] == pytest.approx([0.7, 0.8])


def test_a_thousand_trials_do_not_overflow():
    rows = expected_best(np.linspace(0, 1, 1000), higher=True)
    # The expected best of k uniform draws is k / (k + 1).
    assert rows[9].mean == pytest.approx(10 / 11, abs=1e-3)
    assert np.isfinite([row.mean for row in rows]).all()


def test_the_interval_covers_the_expectation_of_random_search():
    draws, covered = np.random.default_rng(1), 0
    for _ in range(200):
        (row,) = [r for r in expected_best(draws.random(24), higher=True) if r.k == 4]
        covered += row.low <= 4 / 5 <= row.high
    assert covered >= 0.88 * 200


def test_without_trials_nothing_is_expected():
    assert expected_best(np.array([]), higher=True) == []
