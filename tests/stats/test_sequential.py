"""Sequential seeds: p, intervals, decisions, and how often they are right in simulated studies."""

import math

import numpy as np
import pytest
from scipy import stats as reference

from benchmarks.sequential import (
    EDGES,
    NOISE,
    edge_row,
    edge_table,
    equal_table,
    null_row,
    saving,
    saving_table,
)
from study.stats import interval, t_boundaries
from study.stats.sequential import (
    Rule,
    decided,
    repeated_interval,
    seeds_wanted,
    sequential_p,
)
from study.stats.t_boundaries import critical

RULE = Rule(3, 12)
NAN = math.nan
LEVELS = (0.05, 0.05 / 3, 0.0025)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


# ---- p and interval ----


def with_t(t, n):
    """Values whose t statistic is t."""
    spread = np.linspace(-1, 1, n)
    return spread + t * spread.std(ddof=1) / math.sqrt(n)


@pytest.mark.parametrize("n", [3, 7, 12])
@pytest.mark.parametrize("alpha", LEVELS)
def test_the_p_of_a_boundary_is_its_level(n, alpha):
    t = critical(RULE.min, RULE.max, alpha)[n - 3]
    assert t_boundaries.level(3, 12, n, t) == pytest.approx(alpha, rel=0.002)
    assert t_boundaries.level(3, 12, n, -t) == t_boundaries.level(3, 12, n, t)


def test_the_p_is_the_least_of_all_looks(rng):
    sample = rng.normal(1.0, 1.0, 12)
    at = [
        t_boundaries.level(3, 12, n, reference.ttest_1samp(sample[:n], 0).statistic)
        for n in range(3, 13)
    ]
    seen = [sequential_p(sample[:n], RULE) for n in range(3, 13)]
    assert seen == pytest.approx(np.minimum.accumulate(at))


def test_neither_scale_nor_sign_changes_the_p(rng):
    sample = rng.normal(1.0, 1.0, 9)
    p = sequential_p(sample, RULE)
    assert p < 1
    assert sequential_p(-3e-5 * sample, RULE) == pytest.approx(p)
    ends = repeated_interval(sample, RULE, 4)
    assert repeated_interval(2 * sample + 7, RULE, 4) == pytest.approx([2 * e + 7 for e in ends])


@pytest.mark.parametrize("n", [3, 8, 12])
@pytest.mark.parametrize("tests", [1, 10])
def test_the_interval_excludes_zero_where_the_look_rejects(n, tests):
    t = critical(RULE.min, RULE.max, 0.05 / tests)[n - 3]
    assert repeated_interval(with_t(1.001 * t, n), RULE, tests)[0] > 0
    low, high = repeated_interval(with_t(0.999 * t, n), RULE, tests)
    assert low < 0 < high
    assert sequential_p(with_t(1.001 * t, n)[::-1], Rule(n, n)) < 0.05 / tests


def test_the_interval_is_wider_than_the_usual_and_ends_with_the_last_look(rng):
    sample = rng.normal(size=14)
    for n in range(3, 13):
        low, high = repeated_interval(sample[:n], RULE)
        usual = interval(sample[:n])
        assert low < usual[0]
        assert usual[1] < high
    assert repeated_interval(sample, RULE) == repeated_interval(sample[:12], RULE)
    assert sequential_p(sample, RULE) == sequential_p(sample[:12], RULE)


def test_a_single_look_is_the_usual_test(rng):
    sample, rule = rng.normal(2, 1, 6), Rule(6, 6)
    assert repeated_interval(sample, rule) == pytest.approx(interval(sample), rel=1e-6)
    assert sequential_p(sample, rule) == pytest.approx(
        reference.ttest_1samp(sample, 0).pvalue, rel=1e-6
    )


@pytest.mark.parametrize("sample", [[], [0.3, 0.2], [0.2] * 5, [0.0] * 5, [5, 5, 5.0, 5 + 1e-12]])
def test_without_looks_or_spread_nothing_is_shown(sample):
    assert sequential_p(np.array(sample), RULE) == 1
    assert np.isnan(repeated_interval(np.array(sample), RULE)).all()
    assert decided({"a": np.array(sample)}, RULE)["a"].state == "undecided"


# ---- decisions ----

CLEAR = np.array([2.0, 2.1, 1.95, 2.05, 2.0, 2.1, 1.9, 2.0, 2.1, 2.0, 1.9, 2.0])
NOISY = np.array([0.5, -1.2, 0.8, -0.3, 1.1, -0.9, 0.2, 0.4, -0.6, 0.9, -1.0, 0.3])


def test_what_is_clear_ends_early_and_what_is_not_goes_on():
    states = decided({"clear": CLEAR, "noisy": NOISY}, RULE)
    assert states["clear"].state == "different"
    assert states["clear"].seeds == 3
    assert (states["noisy"].state, states["noisy"].seeds) == ("undecided", 12)
    assert states["clear"].holm <= 0.05 < states["noisy"].holm


def test_before_the_first_look_all_want_its_seeds():
    states = decided({"clear": CLEAR[:2], "noisy": NOISY[:0]}, RULE)
    assert {now.state for now in states.values()} == {"undecided"}
    assert seeds_wanted(states, RULE) == {"clear": 3, "noisy": 3}
    assert decided({}, RULE) == {}


def test_seeds_are_wanted_one_at_a_time_where_undecided():
    states = decided({"clear": CLEAR[:3], "noisy": NOISY[:3]}, RULE)
    assert seeds_wanted(states, RULE) == {"clear": 3, "noisy": 4}
    states = decided({"clear": CLEAR[:3], "noisy": NOISY}, RULE)
    assert seeds_wanted(states, RULE) == {"clear": 3, "noisy": 12}


def test_a_look_waits_for_every_undecided_contrast():
    """Else the order in which trials end would change which seeds are run."""
    states = decided({"noisy": NOISY, "late": NOISY[:5]}, RULE)
    assert {now.seeds for now in states.values()} == {5}
    assert seeds_wanted(states, RULE) == {"noisy": 6, "late": 6}


def test_more_seeds_never_reverse_a_decision(rng):
    for _ in range(40):
        full = {n: rng.normal(n % 3, 1, 12) for n in range(6)}
        before = decided({}, RULE)
        for seeds in range(3, 13):
            after = decided({n: row[:seeds] for n, row in full.items()}, RULE)
            for n, now in before.items():
                if now.state != "undecided":
                    assert (after[n].state, after[n].seeds) == (now.state, now.seeds)
            before = after


def test_seeds_after_the_decision_change_nothing():
    other = np.concatenate([CLEAR[:3], -5 * CLEAR[3:]])
    first, second = (decided({"a": row, "b": NOISY}, RULE) for row in (CLEAR[:3], other))
    assert first == second


def test_a_family_needs_more_seeds_than_a_single_contrast():
    sample = np.array([1.0, 1.3, 0.8, 1.1, 0.9, 1.2, 1.0, 0.7, 1.1, 1.0, 0.9, 1.2])
    alone = decided({"a": sample}, RULE)["a"].seeds
    assert decided({"a": sample}, RULE, other_tests=19)["a"].seeds > alone
    family = {"a": sample, **{f"b{n}": NOISY for n in range(19)}}
    assert decided(family, RULE)["a"] == decided({"a": sample}, RULE, other_tests=19)["a"]


def test_a_failed_trial_leaves_its_contrast_undecided_and_in_the_family():
    failed = np.array([NAN, *CLEAR[1:]])
    states = decided({"failed": failed, "noisy": NOISY}, RULE)
    assert (states["failed"].state, states["failed"].seeds) == ("undecided", 3)
    assert math.isnan(states["failed"].p)
    assert seeds_wanted(decided({"failed": failed[:3]}, RULE), RULE) == {"failed": 3}
    with_clear = decided({"failed": failed, "clear": CLEAR}, RULE)["clear"]
    assert with_clear == decided({"clear": CLEAR}, RULE, other_tests=1)["clear"]
    assert math.isnan(sequential_p(failed, RULE))
    assert np.isnan(repeated_interval(failed, RULE)).all()


def test_a_failure_after_the_decision_does_not_reverse_it():
    late = np.array([*CLEAR[:5], NAN])
    assert decided({"a": late}, RULE)["a"].state == "different"


@pytest.mark.parametrize(
    ("margin", "state"), [(0.0, "different"), (1.0, "beyond"), (3.0, "equal"), (2.0, "undecided")]
)
def test_a_margin_asks_for_one_side_of_it(margin, state):
    for sign in (1, -1):
        now = decided({"a": sign * CLEAR}, RULE, {"a": margin})["a"]
        assert now.state == state


def test_equality_is_decided_where_the_interval_lies_within_the_margin():
    last = Rule(12, 12)  # a single look, so that no earlier decides
    low, high = repeated_interval(NOISY, last)
    reach = max(-low, high)
    assert decided({"a": NOISY}, last, {"a": 1.001 * reach})["a"].state == "equal"
    assert decided({"a": NOISY}, last, {"a": 0.999 * reach})["a"].state == "undecided"


# ---- simulated studies ----


@pytest.mark.heavy
@pytest.mark.parametrize("family", [3, 10])
def test_false_decisions_are_as_rare_as_stated(family):
    sequential, holm, naive, together, *_ = null_row(NOISE["normal"], family, RULE, studies=400)
    assert sequential <= 8  # 5 % and three standard errors
    assert together >= 92
    assert holm > 10
    assert naive > 30


@pytest.mark.slow
@pytest.mark.parametrize("rule", [RULE, Rule(3, 20)], ids=str)
@pytest.mark.parametrize("family", [3, 10, 20])
def test_false_decisions_are_as_rare_as_stated_in_2000_studies(family, rule):
    sequential, *_ = null_row(NOISE["normal"], family, rule, studies=2000)
    assert sequential <= 6.2


@pytest.mark.slow
@pytest.mark.parametrize("edge", EDGES, ids=[edge.title for edge in EDGES])
def test_wrong_sides_and_signs_are_as_rare_as_stated(edge):
    assert edge_row(edge, 10, RULE, studies=1000)[1] <= 7


@pytest.mark.heavy
def test_large_differences_need_fewer_seeds_than_a_fixed_number_or_an_e_process():
    row = saving(2.0, 10, RULE, studies=200)
    assert row.seeds < row.fixed_seeds < RULE.max
    assert row.seeds < row.e_seeds
    assert row.power > row.e_power


@pytest.mark.heavy
def test_every_line_of_the_tables_can_be_made():
    for table in (equal_table, saving_table, edge_table):
        assert len([*table(2)]) > 2
