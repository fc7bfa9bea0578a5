"""Boundaries of a t test with several looks, against independent integration and simulation."""

import math

import numpy as np
import pytest
from scipy import integrate
from scipy import stats as reference
from scipy.special import ndtr

from study.stats import t_boundaries
from study.stats.sequential import Rule
from study.stats.t_boundaries import critical

RULE = Rule(3, 12)
LEVELS = (0.05, 0.05 / 3, 0.0025)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def t_values(sample, rule):
    """(samples, n) -> (samples, looks)."""
    n = np.arange(1, rule.max + 1)
    sums, squares = sample.cumsum(axis=1), (sample**2).cumsum(axis=1)
    error = np.sqrt((squares - sums**2 / n)[:, rule.min - 1 :] / (n * (n - 1))[rule.min - 1 :])
    return (sums / n)[:, rule.min - 1 :] / error


@pytest.mark.parametrize("alpha", LEVELS)
@pytest.mark.parametrize("rule", [RULE, Rule(2, 5), Rule(6, 6)], ids=str)
def test_the_first_look_is_a_t_test_at_its_share_of_the_level(rule, alpha):
    share = (rule.min / rule.max) ** 2 * alpha
    expected = reference.t.isf(share / 2, rule.min - 1)
    assert critical(rule.min, rule.max, alpha)[0] == pytest.approx(expected, rel=1e-6)


def passed_at_four_alone(first, second):
    """P(|t| of three values < `first`, of four >= `second`), by their mean and sd and the fourth.

    The fourth value x passes where a quadratic in x is positive, that is between its roots.
    """

    def density(mean, sd):
        square, linear = (1 - second**2) / 4, (3 + second**2) * mean / 2
        constant = 9 * mean**2 / 4 - second**2 * (2 * sd**2 / 3 + mean**2 / 4)
        inside = linear**2 - 4 * square * constant
        if inside <= 0:
            return 0.0
        low, high = sorted((-linear + s * math.sqrt(inside)) / (2 * square) for s in (-1, 1))
        x = ndtr(high) - ndtr(low)
        weight = math.exp(-1.5 * mean**2) * math.sqrt(1.5 / math.pi)
        return x * weight * 2 * sd * math.exp(-(sd**2))

    def reach(sd):
        return first * sd / math.sqrt(3)

    # Means beyond 4 sd of theirs and more have no weight, however far the boundary is.
    return 2 * integrate.dblquad(density, 0, 5, 0, lambda sd: min(reach(sd), 4), epsabs=1e-6)[0]


@pytest.mark.heavy
@pytest.mark.parametrize("alpha", [0.05, 0.0025])
def test_two_looks_spend_what_an_independent_integral_says(alpha):
    first, second = critical(3, 4, alpha)
    spent = passed_at_four_alone(first, second)
    assert spent == pytest.approx((1 - 9 / 16) * alpha, rel=0.005)


@pytest.mark.heavy
@pytest.mark.parametrize("rule", [RULE, Rule(2, 6), Rule(5, 20)], ids=str)
def test_each_look_spends_its_part_in_a_simulation(rng, rule):
    studies = 200_000
    t = np.abs(t_values(rng.normal(size=(studies, rule.max)), rule))
    for alpha in LEVELS:
        passed = np.logical_or.accumulate(t >= critical(rule.min, rule.max, alpha), axis=1).mean(
            axis=0
        )
        spent = alpha * (np.arange(rule.min, rule.max + 1) / rule.max) ** 2
        assert np.all(np.abs(passed - spent) < 4.5 * np.sqrt(spent / studies))


@pytest.mark.heavy
@pytest.mark.parametrize(("first", "last"), [(3, 12), (2, 20)])
def test_a_finer_grid_has_the_same_boundaries(monkeypatch, first, last):
    levels = np.array([1e-5, 0.0025, 0.0123, 0.05])
    coarse = [t_boundaries.critical(first, last, level) for level in levels]
    monkeypatch.setattr(t_boundaries, "POINTS", 2400)
    monkeypatch.setattr(t_boundaries, "NODES", 64)
    fine = t_boundaries.nominal_levels(first, last, levels)
    freedom = np.arange(first, last + 1)[:, None] - 1
    assert 2 * reference.t.sf(np.transpose(coarse), freedom) == pytest.approx(fine, rel=0.002)


@pytest.mark.parametrize("rule", [RULE, Rule(2, 4), Rule(4, 20)], ids=str)
def test_smaller_levels_have_farther_boundaries_at_every_look(rule):
    nominal = t_boundaries.table(rule.min, rule.max).nominal
    assert np.all(np.diff(nominal, axis=1) > 0)
    assert np.all(np.diff(critical(rule.min, rule.max, 0.01)) < 0)


def test_levels_outside_the_table_are_refused():
    with pytest.raises(ValueError, match="no boundaries at the level"):
        critical(RULE.min, RULE.max, 1e-12)


@pytest.mark.parametrize("wrong", [(1, 4), (5, 4), (3, 12, 0.0), (3, 12, 0.5)])
def test_a_rule_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match="is needed"):
        Rule(*wrong)
