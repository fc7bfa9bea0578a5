"""Steps of a cumulative table, and what another order would have shown."""

import numpy as np
import pytest

from study import stats
from tests.stats.frames import chosen, frame, random, rows

CHANCE = np.random.default_rng(0)
PATH = {"base": (0, 0), "a": (1, 0), "ab": (1, 1)}
VALUES = {"base": [0.0, 0.1], "a": [1.0, 1.2], "ab": [3.0, 3.1], "b": [0.5, 0.4]}
FRAME = frame(*(rows(arm, values) for arm, values in VALUES.items()))


def test_a_path_has_one_place_for_every_step_and_says_so():
    found = stats.orders(FRAME, PATH).set_index("factor")
    assert list(found["places"]) == [1, 1]
    assert list(found["first"]) == pytest.approx([1.05, 1.95])
    assert found[["mean", "low", "high", "p"]].isna().all(axis=None)
    assert list(found["n"]) == [0, 0]


def test_added_first_and_added_last_differ_by_the_interaction():
    choices = {**PATH, "b": (0, 1)}
    found = stats.orders(FRAME, choices).set_index("factor")
    whole = stats.factorial(FRAME, choices).iloc[-1]
    for factor, first, last in ((0, 1.05, 2.6), (1, 0.4, 1.95)):
        row = found.loc[factor]
        assert (row["first"], row["last"]) == pytest.approx((first, last))
        assert row["mean"] == pytest.approx(whole["mean"])
        assert (row["low"], row["high"]) == pytest.approx((whole["low"], whole["high"]))
        assert (row["least"], row["most"]) == pytest.approx((first, last))


def test_a_step_is_an_effect_against_the_arm_before_it():
    found = stats.steps(FRAME, PATH)
    assert list(found["added"]) == [0, 1]
    one = stats.effects(FRAME[FRAME["arm"].isin(["a", "ab"])], "a").iloc[0]
    step = found[found["factor"] == 1].iloc[0]
    for name in ("n", "mean", "sd", "low", "high", "p"):
        assert step[name] == pytest.approx(one[name])


def test_all_combinations_are_all_orders():
    choices = chosen(2, 2, 2)
    found = stats.orders(random(choices, 3, CHANCE), choices)
    assert list(found["places"]) == [4, 4, 4]
    assert (found["least"] <= found[["first", "last"]].min(axis=1)).all()
    assert (found["most"] >= found[["first", "last"]].max(axis=1)).all()


def test_levels_of_one_factor_are_steps_from_any_to_a_later_one():
    choices = {"0": (0,), "1": (1,), "2": (2,)}
    found = stats.steps(random(choices, 2, CHANCE), choices)
    assert list(zip(found["start"], found["end"], strict=True)) == [(0, 1), (0, 2), (1, 2)]
    assert list(found["added"]) == [0, 0, 0]


def test_a_diverged_arm_leaves_nothing_to_compare():
    made = frame(*(rows(a, v if a != "b" else [0.5, np.nan]) for a, v in VALUES.items()))
    row = stats.orders(made, {**PATH, "b": (0, 1)}).set_index("factor").loc[1]
    assert row[["first", "least", "most", "mean", "low"]].isna().all()
    assert row["last"] == pytest.approx(1.95)


def test_arms_without_results_are_no_places():
    assert stats.orders(FRAME[FRAME["arm"] != "ab"], PATH)["places"].tolist() == [1]
    assert stats.steps(FRAME[:0], PATH).empty
