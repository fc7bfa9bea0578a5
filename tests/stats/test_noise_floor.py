"""The noise floor of an A/A arm."""

import numpy as np
import pytest
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from study import stats
from tests.stats.frames import frame, rows

RNG = np.random.default_rng(0)


def floor(base, again):
    return stats.noise_floor(frame(rows("base", base), rows(stats.AA, again)), "base").iloc[0]


@pytest.mark.parametrize("n", [2, 3, 8])
def test_the_floor_is_the_reach_of_the_two_sample_t_interval(n):
    base, again = RNG.normal(size=(2, n))
    table = floor(base, again)
    ends = CompareMeans(DescrStatsW(again), DescrStatsW(base)).tconfint_diff()
    assert table["floor"] == pytest.approx((ends[1] - ends[0]) / 2)


def test_the_floor_does_not_depend_on_who_is_paired_with_whom_and_the_effect_does():
    base, again = RNG.normal(size=(2, 4))
    value, other = floor(base, again), floor(base, again[::-1])
    assert value["floor"] == pytest.approx(other["floor"])
    assert value["mean"] == pytest.approx(other["mean"])
    assert value["sd"] != pytest.approx(other["sd"])


def test_the_a_a_arm_s_effect_is_that_of_any_arm():
    base, again = RNG.normal(size=(2, 4))
    table = floor(base, again)
    effect = stats.effects(frame(rows("base", base), rows("x", again)), "base").iloc[0]
    for name in ("n", "mean", "sd", "low", "high", "p"):
        assert table[name] == effect[name]


def test_a_part_of_the_trials_makes_a_wider_floor():
    base, again = RNG.normal(size=(2, 4))
    assert floor(base, again[:2])["n"] == 2
    assert np.isfinite(floor(base, again[:1])["floor"])


@pytest.mark.parametrize(
    ("base", "again"), [([0.5], [0.6]), ([0.5, np.nan], [0.5, 0.6]), ([0.5, 0.5], [0.6, 0.6])]
)
def test_without_a_spread_there_is_no_floor(base, again):
    assert np.isnan(floor(base, again)["floor"])


def test_without_an_a_a_arm_there_is_no_row():
    assert stats.noise_floor(frame(rows("base", [0.1, 0.2]), rows("x", [0.1, 0.3])), "base").empty
