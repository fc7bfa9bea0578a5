"""Fractional designs: resolution and aliases, computed anew from the arms."""

import math
from itertools import combinations

import numpy as np
import pytest

from study.errors import SpecError
from study.spec.designs import fractional
from study.spec.designs.fractional import GENERATORS
from study.spec.designs.two_levels import UnfitFactorsError
from tests.spec.test_designs import factors

ARMS = {
    3: {3: 4, 4: 8, 5: 8, 6: 8, 7: 8, 8: 16, 9: 16, 10: 16, 11: 16, 15: 16},
    4: {3: 8, 4: 8, 5: 16, 6: 16, 7: 16, 8: 16, 9: 32, 10: 32, 11: 32, 16: 32},
    5: {3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 8: 64, 9: 128, 10: 128, 11: 128},
}
"""The fewest arms of each resolution, by number of factors (Montgomery, table 8.14)."""
SHORT_WORDS = {
    (3, 3): (1, 0),
    (3, 5): (2, 1),
    (3, 6): (4, 3),
    (3, 7): (7, 7),
    (3, 9): (4, 14),
    (3, 10): (8, 18),
    (3, 11): (12, 26),
    (4, 4): (0, 1),
    (4, 6): (0, 3),
    (4, 7): (0, 7),
    (4, 8): (0, 14),
    (4, 9): (0, 6),
    (4, 10): (0, 10),
    (4, 11): (0, 25),
}
"""Words of three and of four letters of minimum aberration (Chen, Sun and Wu, 1993)."""
FIVES = {5: 1, 6: 0, 7: 0, 8: 2, 9: 0, 10: 3, 11: 6}
"""Words of five letters at resolution V."""
CASES = [(resolution, count) for resolution, arms in ARMS.items() for count in arms]


def coded(resolution, count):
    """The arms as a matrix of -1 and 1, (arms, factors)."""
    return 2 * np.array(fractional(factors(*[2] * count), resolution=resolution)) - 1


def words(matrix, length):
    """The number of products of `length` columns that are constant."""
    chosen = combinations(range(matrix.shape[1]), length)
    return sum(abs(matrix[:, own].prod(1).sum()) == len(matrix) for own in map(list, chosen))


@pytest.mark.parametrize(("resolution", "count"), CASES)
def test_a_fraction_is_the_smallest_of_its_resolution(resolution, count):
    arms = fractional(factors(*[2] * count), resolution=resolution)
    assert len(arms) == len(set(arms)) == ARMS[resolution][count]
    assert arms[0] == (0,) * count
    matrix = coded(resolution, count)
    assert not any(words(matrix, length) for length in range(1, resolution))


@pytest.mark.parametrize(("resolution", "count"), SHORT_WORDS)
def test_a_fraction_has_minimum_aberration(resolution, count):
    matrix = coded(resolution, count)
    assert (words(matrix, 3), words(matrix, 4)) == SHORT_WORDS[resolution, count]


@pytest.mark.parametrize("count", FIVES)
def test_a_fraction_of_resolution_five_has_minimum_aberration(count):
    assert words(coded(5, count), 5) == FIVES[count]


@pytest.mark.parametrize(("resolution", "count"), [(3, 5), (3, 6), (3, 9), (4, 6), (4, 7), (4, 9)])
def test_no_other_generators_have_fewer_short_words(resolution, count):
    """All sets of generators are tried, by counts of zero sums of columns modulo two."""
    basic = count - len(GENERATORS[resolution][count].split())
    basis = [1 << place for place in range(basic)]
    longer = [n for n in range(1, 2**basic) if n.bit_count() >= resolution - 1]
    matrix = coded(resolution, count)
    ours = words(matrix, 3), words(matrix, 4)
    every = (basis + list(more) for more in combinations(longer, count - basic))
    assert min(map(short_sums, every)) == ours


def short_sums(columns):
    pairs = [a ^ b for a, b in combinations(columns, 2)]
    three = sum(pairs.count(column) for column in columns) // 3
    return three, sum(math.comb(pairs.count(total), 2) for total in set(pairs)) // 3


def test_four_is_the_default():
    assert fractional(factors(*[2] * 6)) == fractional(factors(*[2] * 6), resolution=4)


def test_few_factors_have_all_combinations():
    assert len(fractional(factors(2, 2))) == 4
    assert len(fractional(factors(2, 2, 2), resolution=4)) == 8


def test_factors_of_more_levels_are_all_refused():
    with pytest.raises(UnfitFactorsError) as refused:
        fractional(factors(2, 3, 2, 4))
    assert list(refused.value.messages) == ["model.f1", "model.f3"]
    assert "pairwise and factorial take any number of levels" in str(refused.value)


def test_more_factors_than_generators_are_refused():
    with pytest.raises(SpecError, match="resolution 5 takes at most 11 factors, and there are 12"):
        fractional(factors(*[2] * 12), resolution=5)
