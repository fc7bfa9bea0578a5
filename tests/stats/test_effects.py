"""Pairs: BCa against scipy's own, and what pairing bought."""

import numpy as np
import pytest
from scipy import stats as reference
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from study import stats
from tests.stats.frames import frame, rows

RNG = np.random.default_rng(0)


def effect(base, other, **columns):
    return stats.effects(frame(rows("base", base), rows("other", other, **columns)), "base").iloc[0]


def bought(base, other):
    return stats.pairing(frame(rows("base", base), rows("other", other)), "base").iloc[0]


def test_a_zero_difference_has_no_sign_and_so_less_can_be_reached():
    assert effect([0.5] * 4, [0.5, 0.6, 0.7, 0.8])["smallest_p"] == stats.smallest_p(3)
    assert effect([0.5] * 3, [0.5] * 3)["smallest_p"] == 1


# ---- BCa ----


def test_bca_is_that_of_scipy_and_always_the_same():
    sample = RNG.exponential(size=8)
    table = stats.bca(sample)
    test = reference.bootstrap((sample,), np.mean, n_resamples=50_000, rng=RNG)
    bounds = test.confidence_interval
    assert table == pytest.approx((bounds.low, bounds.high), rel=0.02)
    assert table == stats.bca(sample)


def test_bca_is_an_effect_s_from_six_seeds_on():
    few, many = (RNG.normal(size=(2, n)) for n in (5, 6))
    assert effect(*few)[["bca_low", "bca_high"]].isna().all()
    table = effect(*many)
    assert tuple(table[["bca_low", "bca_high"]]) == stats.bca(many[1] - many[0])


@pytest.mark.parametrize("sample", [[0.1] * 8, [0.1 + 0.2, *[0.3] * 7], [1, np.nan] * 4])
def test_bca_of_what_shows_no_spread_is_not_given(sample):
    assert np.isnan(stats.bca(np.array(sample))).all()


def test_bca_of_one_value_that_departs_is_told_without_a_warning():
    low, high = stats.bca(np.array([0.0] * 7 + [1.0]))
    assert np.isnan(low) or 0 <= low <= high <= 1


# ---- pairing ----


@pytest.mark.parametrize("n", [3, 8])
def test_pairing_is_compared_with_the_interval_of_welch(n):
    base, other = RNG.normal(size=(2, n)) * [[1], [3]] + RNG.normal(size=n)
    table = bought(base, other)
    paired = reference.ttest_rel(other, base).confidence_interval()
    apart = CompareMeans(DescrStatsW(other), DescrStatsW(base)).tconfint_diff(usevar="unequal")
    expected = (paired.high - paired.low) / (apart[1] - apart[0])
    assert table["width"] == pytest.approx(expected)
    assert table["paired"] == pytest.approx(np.var(other - base, ddof=1))
    assert table["separate"] == pytest.approx(np.var(base, ddof=1) + np.var(other, ddof=1))


def test_the_ratio_is_what_correlation_leaves():
    base, own = RNG.normal(size=(2, 20_000))
    assert bought(base, base + 0.0 * own + 1)["ratio"] == pytest.approx(0, abs=1e-12)
    assert bought(base, own)["ratio"] == pytest.approx(1, abs=0.03)
    assert bought(base, 0.9 * base + np.sqrt(0.19) * own)["ratio"] == pytest.approx(0.1, abs=0.01)


def test_pairing_can_widen():
    table = bought([1.0, 2.0, 3.0], [3.0, 2.0, 1.5])
    assert table["ratio"] > 1
    assert table["width"] > table["ratio"] ** 0.5


@pytest.mark.parametrize("other", [[0.5], [0.5, np.nan], [0.5, 0.5]])
def test_where_nothing_varies_or_all_is_lost_pairing_bought_nothing_that_is_known(other):
    assert bought([0.5] * len(other), other)[["ratio", "width"]].isna().all()


@pytest.mark.parametrize("kind", ["normal", "exponential", "lognormal"])
def test_bca_of_a_thousand_values_is_that_of_resamples(kind):
    sample = getattr(np.random.default_rng(0), kind)(size=1500)
    drawn = reference.bootstrap((sample,), np.mean, n_resamples=5000, rng=1).confidence_interval
    # Of the standard error: the noise of the ends of 5000 resamples is 0.04 of it.
    assert np.abs(np.array(stats.bca(sample)) - drawn).max() < 0.12 * sample.std() / 1500**0.5
