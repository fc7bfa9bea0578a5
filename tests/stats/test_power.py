"""Power by number of seeds, against statsmodels and by simulation."""

import math
import subprocess
import sys

import numpy as np
import pytest
from statsmodels.stats.power import TTestPower

from study import stats

REFERENCE = TTestPower()


@pytest.mark.parametrize("seeds", [2, 3, 5, 8, 10, 50])
@pytest.mark.parametrize("effect", [0.0, 0.1, 1.0, 2.5])
@pytest.mark.parametrize("confidence", [0.95, stats.corrected(6)])
def test_power_is_that_of_statsmodels(seeds, effect, confidence):
    smallest = stats.power(effect, seeds, confidence=confidence)
    assert smallest == pytest.approx(REFERENCE.power(effect, seeds, 1 - confidence), abs=1e-6)
    assert smallest == pytest.approx(stats.power(-effect, seeds, confidence=confidence))


def test_one_seed_shows_nothing():
    assert stats.power(100.0, 1) == 0
    assert stats.smallest_effect(1) == stats.smallest_effect(0) == math.inf


@pytest.mark.parametrize(("seeds", "effect"), [(3, 3.26), (5, 1.68), (8, 1.16), (10, 1.00)])
def test_the_smallest_effects_are_the_known_ones(seeds, effect):
    assert stats.smallest_effect(seeds) == pytest.approx(effect, abs=0.005)


@pytest.mark.parametrize("seeds", [*range(2, 26), 50, 200, 1000])
def test_the_smallest_effect_is_shown_four_times_in_five(seeds):
    assert stats.power(stats.smallest_effect(seeds), seeds) == pytest.approx(0.8, abs=0.002)


@pytest.mark.parametrize("effect", [0.09, 0.5, 1.0, -1.7, 4.0])
def test_the_seeds_for_an_effect_are_the_fewest_that_show_it(effect):
    needed = stats.seeds_for(effect, 1.0)
    assert stats.power(effect, needed) > 0.799
    assert stats.power(effect, needed - 1) < 0.801
    assert stats.seeds_for(2.5 * effect, 2.5) == needed


def test_what_nobody_can_afford_is_not_promised():
    assert stats.seeds_for(0.01, 1.0) is None
    assert stats.seeds_for(0.0, 1.0) is None
    assert stats.seeds_for(1.0, math.nan) is None


def test_samples_pool_their_spread_and_not_their_means():
    samples = [[1.0, 2.0, 4.0], [101.0, 103.0], [7.0]]
    apart = np.concatenate([np.array(s) - np.mean(s) for s in samples])
    assert stats.pooled_sd(samples) == pytest.approx(np.sqrt((apart**2).sum() / 3))
    assert math.isnan(stats.pooled_sd([[1.0], []]))


def test_plans_can_say_it_without_numpy():
    code = (
        "import sys; from study import stats; stats.smallest_effect(30); stats.seeds_for(1, 1);"
        "sys.exit(bool({'pandas', 'numpy', 'scipy'} & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


# ---- the uncertainty of a number of seeds ----


def test_the_range_of_an_sd_holds_the_truth_as_often_as_it_says():
    samples = np.random.default_rng(0).normal(0, 1, (4000, 3)).std(axis=1, ddof=1)
    held = [low <= 1 <= high for low, high in (stats.sd_range(float(sd), 2) for sd in samples)]
    assert 0.94 <= np.mean(held) <= 0.96


def test_of_three_seeds_the_sd_is_between_half_of_it_and_six_times_it():
    assert stats.sd_range(1.0, 2) == pytest.approx((0.52, 6.28), abs=0.01)


def test_the_seeds_have_the_range_of_the_sd():
    needed = stats.with_range(1.0, 9, lambda sd: stats.seeds_for(1.0, sd))
    low, high = stats.sd_range(1.0, 9)
    assert needed == (
        stats.seeds_for(1.0, 1.0),
        stats.seeds_for(1.0, low),
        stats.seeds_for(1.0, high),
    )
    assert needed.text == "10 (6 to 29)"
    assert stats.with_range(1.0, 1, lambda sd: None).text == "more than 1000"
    assert (
        stats.with_range(1.0, 2, lambda sd: None if sd > 1 else 9).text == "9 (9 to more than 1000)"
    )
    assert stats.with_range(1.0, 2, lambda sd: 2).text == "2"


def test_images_that_add_to_an_interval_need_more_seeds():
    alone = stats.seeds_needed(1.0, 1.0, 0.0, np.inf)
    assert stats.seeds_needed(1.0, 1.0, 0.0, np.inf, image_reach=0.5) > alone
    assert stats.seeds_needed(1.0, 1.0, 0.0, np.inf, image_reach=1.0) is None
