"""Main effects and interactions, against regressions of statsmodels."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as regression
from scipy import stats as reference

from study import stats
from tests.stats.frames import chosen, frame, random, rows

RNG = np.random.default_rng(0)


def by_term(*levels):
    return {row.term: row for row in stats.factorial(*levels).itertuples()}


@pytest.mark.parametrize("levels", [(2,), (3,), (2, 2), (2, 3), (3, 3), (2, 2, 2), (2, 3, 2)])
def test_every_term_is_a_regression_of_every_seed(levels):
    """With each level against the first of its factor, and sums to zero over the others."""
    choices = chosen(*levels)
    measured = random(choices, 4, RNG)
    table = by_term(measured, choices)
    wide = measured.pivot(index="arm", columns="seed", values="value").loc[list(choices)]
    names = [f"f{n}" for n in range(len(levels))]
    design = pd.DataFrame([choices[arm] for arm in wide.index], columns=names)
    for term, row in table.items():
        coded = [f"C({n}{'' if i in dict(term) else ', Sum'})" for i, n in enumerate(names)]
        key = ":".join(f"C({names[i]})[T.{level}]" for i, level in term)
        formula = "y ~ " + " * ".join(coded)
        seeds = [
            regression.ols(formula, design.assign(y=wide[seed].to_numpy())).fit().params[key]
            for seed in wide
        ]
        ends = reference.ttest_1samp(seeds, 0).confidence_interval()
        assert row.mean == pytest.approx(np.mean(seeds))
        assert (row.low, row.high) == pytest.approx((ends.low, ends.high))


def test_two_factors_that_need_each_other_interact():
    values = {"00": [0.0, 1.0], "10": [0.0, 1.5], "01": [0.0, 1.0], "11": [1.0, 2.5]}
    measured = frame(*(rows(arm, value) for arm, value in values.items()))
    table = by_term(measured, chosen(2, 2))
    assert table[((0, 1),)].mean == pytest.approx((0.25 + 1.25) / 2)
    assert table[((0, 1), (1, 1))].mean == pytest.approx(1.0)


def test_three_factors_are_told_of_by_one_and_by_two():
    terms = [
        dict(term)
        for term in stats.factorial(random(chosen(2, 2, 2), 2, RNG), chosen(2, 2, 2))["term"]
    ]
    assert [len(term) for term in terms] == [1, 1, 1, 2, 2, 2]


def test_a_seed_that_an_arm_lacks_is_left_out_of_its_terms_alone():
    choices = chosen(3)
    measured = frame(rows("0", [0.0, 0.0, 0.0]), rows("1", [1.0, 2.0, 3.0]), rows("2", [1.0, 5.0]))
    table = stats.factorial(measured, choices)
    assert list(table["n"]) == [3, 2]
    assert list(table["mean"]) == [2.0, 3.0]


def test_a_diverged_trial_leaves_no_term_that_needs_it():
    measured = frame(rows("0", [0.0, 0.0]), rows("1", [1.0, 2.0]), rows("2", [1.0, np.nan]))
    table = by_term(measured, chosen(3))
    assert table[((0, 1),)].mean == 1.5
    assert np.isnan(table[((0, 2),)].mean)


def test_what_is_no_full_factorial_is_refused():
    choices = chosen(2, 2)
    del choices["11"]
    with pytest.raises(ValueError, match="all combinations"):
        stats.factorial(random(choices, 2, RNG), choices)


def test_an_arm_without_results_leaves_its_terms_empty():
    measured = random({"00": 0, "01": 0, "10": 0}, 3, RNG)
    assert stats.factorial(measured, chosen(2, 2))["mean"].isna().all()
