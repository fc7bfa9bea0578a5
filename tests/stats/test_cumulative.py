"""Steps of a cumulative table, and what another order would have shown."""

import numpy as np
import pytest

from study import stats
from tests.stats.frames import chosen, frame, random, rows

RNG = np.random.default_rng(0)
PATH = {"base": (0, 0), "a": (1, 0), "ab": (1, 1)}
VALUES = {"base": [0.0, 0.1], "a": [1.0, 1.2], "ab": [3.0, 3.1], "b": [0.5, 0.4]}
FRAME = frame(*(rows(arm, values) for arm, values in VALUES.items()))


def test_a_path_has_one_place_for_every_step_and_says_so():
    table = stats.step_orders(FRAME, PATH).set_index("factor")
    assert list(table["places"]) == [1, 1]
    assert list(table["first"]) == pytest.approx([1.05, 1.95])
    assert table[["mean", "low", "high", "p"]].isna().all(axis=None)
    assert list(table["n"]) == [0, 0]


def test_added_first_and_added_last_differ_by_the_interaction():
    choices = {**PATH, "b": (0, 1)}
    table = stats.step_orders(FRAME, choices).set_index("factor")
    whole = stats.factorial(FRAME, choices).iloc[-1]
    for factor, first, last in ((0, 1.05, 2.6), (1, 0.4, 1.95)):
        row = table.loc[factor]
        assert (row["first"], row["last"]) == pytest.approx((first, last))
        assert row["mean"] == pytest.approx(whole["mean"])
        assert (row["low"], row["high"]) == pytest.approx((whole["low"], whole["high"]))
        assert (row["least"], row["most"]) == pytest.approx((first, last))


def test_a_step_is_an_effect_against_the_arm_before_it():
    table = stats.steps(FRAME, PATH)
    assert list(table["added"]) == [0, 1]
    effect = stats.effects(FRAME[FRAME["arm"].isin(["a", "ab"])], "a").iloc[0]
    step = table[table["factor"] == 1].iloc[0]
    for name in ("n", "mean", "sd", "low", "high", "p"):
        assert step[name] == pytest.approx(effect[name])


def test_all_combinations_are_all_orders():
    choices = chosen(2, 2, 2)
    table = stats.step_orders(random(choices, 3, RNG), choices)
    assert list(table["places"]) == [4, 4, 4]
    assert (table["least"] <= table[["first", "last"]].min(axis=1)).all()
    assert (table["most"] >= table[["first", "last"]].max(axis=1)).all()


def test_levels_of_one_factor_are_steps_from_any_to_a_later_one():
    choices = {"0": (0,), "1": (1,), "2": (2,)}
    table = stats.steps(random(choices, 2, RNG), choices)
    assert list(zip(table["start"], table["end"], strict=True)) == [(0, 1), (0, 2), (1, 2)]
    assert list(table["added"]) == [0, 0, 0]


def test_a_diverged_arm_leaves_nothing_to_compare():
    measured = frame(*(rows(a, v if a != "b" else [0.5, np.nan]) for a, v in VALUES.items()))
    row = stats.step_orders(measured, {**PATH, "b": (0, 1)}).set_index("factor").loc[1]
    assert row[["first", "least", "most", "mean", "low"]].isna().all()
    assert row["last"] == pytest.approx(1.95)


def test_arms_without_results_are_no_places():
    assert stats.step_orders(FRAME[FRAME["arm"] != "ab"], PATH)["places"].tolist() == [1]
    assert stats.steps(FRAME[:0], PATH).empty
