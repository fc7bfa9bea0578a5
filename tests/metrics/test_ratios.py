import math

import numpy as np
import pytest
from scipy import stats as reference

from study.metrics.ratios import (
    ENOUGH_BUILDS,
    FEWEST_BUILDS,
    WAITED,
    Ratio,
    builds_needed,
    undisturbed,
)
from study.metrics.ratios import ratio as ratio_of

SESSIONS = 400

KINDS = {
    "normal": lambda z, draw: z,
    "heavy": lambda z, draw: reference.t.ppf(reference.norm.cdf(z), 2),
    "spiky": lambda z, draw: np.where(draw.random(len(z)) < 0.15, 8 * z, z),
}
"""How builds are spread."""


def ratio(visits):
    """The ratio of a session with one round a build."""
    return ratio_of(visits, range(len(visits)))


def visits(builds, *, true=1.1, drift=(), noise=0.02, kind="normal", alike=0.0, seed=0):
    """A session whose arm takes `true` times as long, on a machine that slows down by `drift`."""
    draw = np.random.default_rng(seed)
    slow = np.exp(np.interp(np.arange(3 * builds), np.arange(len(drift) or 1), drift or (0.0,)))
    shocks = draw.normal(0, 1, builds)
    for i in range(1, builds):  # neighbours correlate by `alike`, the variance stays
        shocks[i] = alike * shocks[i - 1] + math.sqrt(1 - alike**2) * shocks[i]
    shocks = noise * KINDS[kind](shocks, draw)
    for i in range(builds):
        a, b, c = slow[3 * i : 3 * i + 3]
        yield a, true * b * math.exp(shocks[i]), c


def test_a_common_factor_falls_out():
    interval = ratio([(s, 1.25 * s, s) for s in (1.0, 3.0, 0.5, 7.0, 2.0, 1.0, 8.0, 4.0)])
    assert (interval.value, interval.low, interval.high) == pytest.approx((1.25, 1.25, 1.25))


def test_a_steady_drift_falls_out():
    drift = list(np.linspace(0, 2, 60))
    interval = ratio(list(visits(20, drift=drift, noise=0)))
    assert (interval.value, interval.low, interval.high) == pytest.approx((1.1, 1.1, 1.1))


def test_one_bad_round_does_not_move_it():
    quiet = [(1.0, 1.1, 1.0)] * 19
    assert ratio([*quiet, (1.0, 9.0, 1.0)]).value == pytest.approx(1.1)


def test_it_is_the_trimmed_mean_of_scipy():
    visited = list(visits(12))
    logs = [
        math.log(own) - (math.log(before) + math.log(after)) / 2 for before, own, after in visited
    ]
    assert math.log(ratio(visited).value) == pytest.approx(reference.trim_mean(logs, 0.2))


@pytest.mark.parametrize("builds", [8, pytest.param(40, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("alike", "least"), [(0.0, 0.93), (0.3, 0.895), (0.5, 0.845)])
@pytest.mark.parametrize("kind", KINDS)
def test_intervals_hold_the_truth(kind, alike, least, builds):
    sessions = (visits(builds, kind=kind, alike=alike, seed=seed) for seed in range(SESSIONS))
    ratios = [ratio(list(visited)) for visited in sessions]
    held = np.mean([interval.low <= 1.1 <= interval.high for interval in ratios])
    print(f"{kind}, {builds} builds, correlation {alike}: {held:.3f}")
    assert least <= held <= 0.985


@pytest.mark.parametrize("rounds", [2, 5])
def test_what_differs_between_builds_is_in_the_interval_however_alike_their_rounds(rounds):
    held = []
    for seed in range(SESSIONS):
        draw = np.random.default_rng(seed)
        logs = draw.normal(0, 0.02, (10, 1)) + draw.normal(0, 0.002, (10, rounds))
        taken = [(1.0, math.exp(log), 1.0) for log in logs.ravel()]
        interval = ratio_of(taken, np.arange(10).repeat(rounds).tolist())
        held.append(interval.low <= 1 <= interval.high)
    assert 0.925 <= np.mean(held) <= 0.985


def test_a_width_that_is_twice_the_resolution_needs_four_times_the_builds():
    assert builds_needed(Ratio(1.0, math.exp(-0.05), math.exp(0.05), 10), 0.05) in (40, 41)


@pytest.mark.parametrize("kind", KINDS)
def test_the_baseline_against_itself_is_one(kind):
    """On a machine that is three times as slow for 17 visits of every 34."""
    ratios = []
    for seed in range(200):
        drift = list(math.log(3) * ((np.arange(60) + seed) // 17 % 2))
        ratios.append(ratio(list(visits(20, true=1.0, drift=drift, kind=kind, seed=seed))))
    assert np.median([interval.value for interval in ratios]) == pytest.approx(1, abs=0.002)
    assert np.mean([interval.low <= 1 <= interval.high for interval in ratios]) > 0.9


@pytest.mark.parametrize("kind", KINDS)
def test_rounds_in_which_others_had_the_cpus_do_not_move_it(kind):
    """In every other block of 5 the arm loses half as much again as the baseline does."""
    ratios = []
    for seed in range(200):
        busy = (np.arange(40) + seed) // 5 % 2 == 1
        three = visits(40, kind=kind, seed=seed)
        visited = [
            (2 * a, 3 * b, 2 * c) if on else (a, b, c)
            for (a, b, c), on in zip(three, busy, strict=True)
        ]
        ratios.append(ratio_of(*undisturbed(visited, 0.5 * busy, range(40))))
        assert ratio(visited).value > 1.2
    assert np.median([interval.value for interval in ratios]) == pytest.approx(1.1, rel=0.002)
    assert np.mean([interval.low <= 1.1 <= interval.high for interval in ratios]) > 0.9


def test_of_too_few_undisturbed_builds_all_count():
    visited, builds = list(visits(12)), list(range(12))
    busy = [1.0] * (13 - ENOUGH_BUILDS) + [0.0] * (ENOUGH_BUILDS - 1)
    assert undisturbed(visited, busy, builds) == (visited, builds)
    assert undisturbed(visited, [1.0, *[0.0] * 11], builds) == (visited[1:], builds[1:])


def test_a_build_keeps_its_undisturbed_rounds():
    visited, builds = list(visits(16)), sorted([*range(8)] * 2)
    assert undisturbed(visited, [0.0, 1.0] * 8, builds) == (visited[::2], [*range(8)])


def test_where_waiting_is_not_known_all_rounds_count():
    visited, builds = list(visits(12)), list(range(12))
    assert undisturbed(visited, [math.nan] * 12, builds) == (visited, builds)
    assert undisturbed(visited, [WAITED] * 12, builds) == (visited, builds)


def test_few_builds_have_none():
    same = [(1.0, 1.0, 1.0)] * 40
    assert ratio_of(same, sorted([*range(FEWEST_BUILDS - 1)] * 20)) is None
    assert ratio_of(same, [0] * 40) is None


def test_twice_the_seconds_are_half_the_images():
    assert Ratio(2.0, 1.0, 4.0, 9).inverse == Ratio(0.5, 0.25, 1.0, 9)
