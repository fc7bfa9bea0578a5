"""Contrasts that were declared, corrected together."""

import numpy as np
import pytest
from scipy import stats as reference
from statsmodels.stats.multitest import multipletests

from study import stats
from study.stats import Contrast
from tests.stats.frames import frame, rows

RNG = np.random.default_rng(0)
ARMS = {arm: RNG.normal(size=7) + 0.4 * n for n, arm in enumerate("abcd")}
FRAME = frame(*(rows(arm, values) for arm, values in ARMS.items()))


@pytest.mark.heavy
@pytest.mark.parametrize("tests", [1, 2, 5, 12])
def test_holm_is_that_of_statsmodels(tests):
    for p in (RNG.random(tests), RNG.random(tests) / 20, np.full(tests, 0.03)):
        np.testing.assert_allclose(stats.holm(p), multipletests(p, method="holm")[1])


def test_what_could_not_be_tested_counts():
    table = stats.holm(np.array([0.01, np.nan, 0.02]))
    np.testing.assert_allclose(table, [0.03, np.nan, 0.04])


def test_nothing_declared_is_nothing_tested():
    assert stats.holm(np.empty(0)).shape == (0,)
    assert stats.contrasts(FRAME, []).empty


@pytest.mark.heavy
def test_contrasts_are_paired_tests_of_scipy_corrected_as_one_family():
    declared = [Contrast(a, b, "top1") for a, b in ("ba", "ca", "dc")]
    table = stats.contrasts(FRAME, declared)
    pairs = [(ARMS[contrast.arm], ARMS[contrast.other]) for contrast in declared]
    t = [reference.ttest_rel(*pair).pvalue for pair in pairs]
    flips = [
        reference.permutation_test(
            (contrast - other,), np.mean, permutation_type="samples", n_resamples=np.inf
        ).pvalue
        for contrast, other in pairs
    ]
    np.testing.assert_allclose(table["t_p"], t)
    np.testing.assert_allclose(table["t_holm"], multipletests(t, method="holm")[1])
    np.testing.assert_allclose(table["p"], flips)
    np.testing.assert_allclose(table["holm"], multipletests(flips, method="holm")[1])


def test_only_the_seeds_that_both_have_are_paired_and_the_others_are_counted():
    measured = frame(
        rows("a", [1.0, 2.0, 4.0], seeds=[0, 1, 2]), rows("b", [1.0, 1.0], seeds=[1, 7])
    )
    table = stats.contrasts(measured, [Contrast("a", "b", "top1")]).iloc[0]
    assert (table["n"], table["unpaired"], table["mean"]) == (1, 3, 1.0)


def test_a_contrast_that_was_not_measured_makes_the_others_no_surer():
    missing = [Contrast("b", "a", "top1"), Contrast("x", "a", "top1")]
    table = stats.contrasts(FRAME, missing)
    assert table["holm"][0] == pytest.approx(min(1, 2 * table["p"][0]))
    assert table.loc[1, ["mean", "p", "holm", "t_p", "t_holm"]].isna().all()


def test_what_is_declared_twice_is_tested_once():
    assert len(stats.contrasts(FRAME, [Contrast("b", "a", "top1")] * 2)) == 1
