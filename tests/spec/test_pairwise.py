"""Pairwise designs cover every pair of levels in few arms."""

import math
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from study.spec.designs import pairwise
from tests.spec.test_designs import factors

LEVELS = some.lists(some.integers(1, 5), min_size=0, max_size=7)


@pytest.mark.heavy
@settings(deadline=None, max_examples=50)
@given(LEVELS)
def test_every_pair_of_levels_occurs(levels):
    arms = pairwise(factors(*levels))
    assert arms[0] == (0,) * len(levels)
    assert len(set(arms)) == len(arms)
    for first, second in combinations(range(len(levels)), 2):
        pairs = {(arm[first], arm[second]) for arm in arms}
        assert pairs == set(product(range(levels[first]), range(levels[second])))


@pytest.mark.heavy
@settings(deadline=None, max_examples=50)
@given(some.lists(some.integers(2, 5), min_size=2, max_size=7))
def test_the_number_of_arms_is_near_its_lower_bound(levels):
    """The bound is the product of the two largest numbers of levels; many factors need more."""
    bound = math.prod(sorted(levels)[-2:])
    assert bound <= len(pairwise(factors(*levels))) <= 1.5 * bound + 4


@pytest.mark.parametrize(
    ("levels", "arms"),
    [
        ((2, 2), 4),
        ((2,) * 15, 10),
        ((3,) * 4, 9),
        ((4,) * 5, 16),
        ((5,) * 6, 25),
        ((6, 5, 4, 3), 30),
        ((2, 4, 4, 4, 4, 4, 4), 25),
        ((4,) * 7, 28),
    ],
)
def test_known_numbers_of_arms(levels, arms):
    """At 3^4, 4^5 and 5^6 the smallest that exist."""
    assert len(pairwise(factors(*levels))) == arms


def test_a_single_factor_has_all_its_levels():
    assert pairwise(factors(3)) == [(0,), (1,), (2,)]


def test_the_same_factors_have_the_same_arms():
    from study.spec.designs.pairwise import _smallest

    once = pairwise(factors(4, 3, 3, 2, 2))
    _smallest.cache_clear()
    assert pairwise(factors(4, 3, 3, 2, 2)) == once
