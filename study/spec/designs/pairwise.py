"""Pairwise designs: covering arrays of strength two."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import combinations, product

from study.spec.study import Choices, Factor

Setting = tuple[int, int]
"""A factor and one of its levels."""
Pair = tuple[Setting, Setting]
"""Levels of two factors, the first factor first."""

CANDIDATES = (10, 30, 100)
"""Numbers of candidates for each next arm, of which the one with the fewest arms in all is taken.

More candidates are not always better, and 300 took three times as long to save no arm.
"""


def pairwise(factors: Sequence[Factor]) -> list[Choices]:
    """Few arms in which any two levels of any two factors occur together.

    It is for combinations that fail or fall behind; no factor's own effect follows from it. Greedy:
    each arm is the candidate with the most new pairs (AETG: Cohen et al., IEEE Trans. Softw. Eng.
    1997, here without random numbers), so the number of arms is small and not the smallest.
    """
    return list(_smallest(tuple(len(factor.levels) for factor in factors)))


@lru_cache(maxsize=16)  # a plan and a report ask several times, and 10 factors of 10 take seconds
def _smallest(counts: tuple[int, ...]) -> tuple[Choices, ...]:
    if len(counts) < 2:  # no pairs
        return tuple(product(*map(range, counts)))
    # In the file's order, and with factors of many levels first, which saves a third of the arms
    # where a factor of few levels comes first, as in 2, 4, 4, 4, 4, 4, 4: 25 for 37.
    order = sorted(range(len(counts)), key=lambda factor: -counts[factor])
    placed = [order.index(factor) for factor in range(len(counts))]
    ordered = [_covering([counts[f] for f in order], number) for number in CANDIDATES]
    back = [tuple(tuple(arm[p] for p in placed) for arm in arms) for arms in ordered]
    return min([*(_covering(counts, number) for number in CANDIDATES), *back], key=len)


def _covering(counts: Sequence[int], candidates: int) -> tuple[Choices, ...]:
    arms = [(0,) * len(counts)]
    left = _pairs(counts) - _pairs_of(arms[0])
    while left:
        arms.append(_next(counts, left, candidates))
        left -= _pairs_of(arms[-1])
    return tuple(arms)


def _pairs(counts: Sequence[int]) -> set[Pair]:
    settings = [[(f, level) for level in range(count)] for f, count in enumerate(counts)]
    both = combinations(settings, 2)
    return {pair for first, second in both for pair in product(first, second)}


def _pairs_of(arm: Choices) -> set[Pair]:
    return set(combinations(enumerate(arm), 2))


def _next(counts: Sequence[int], left: set[Pair], candidates: int) -> Choices:
    """The candidate with the most pairs that are left; each candidate is grown from one of them."""
    # Sorted and evenly spaced: a set's order is no order, and neighbours give alike candidates.
    ordered = sorted(left)
    some = ordered[:: -(-len(ordered) // candidates)]
    rest = Counter(setting for pair in left for setting in pair)
    arms = [_grown(counts, pair, left, rest) for pair in some]
    return max(arms, key=lambda arm: len(_pairs_of(arm) & left))


def _grown(
    counts: Sequence[int], pair: Pair, left: set[Pair], rest: Mapping[Setting, int]
) -> Choices:
    """An arm with this pair; the other factors are added one by one, each at its best level."""
    levels = dict(pair)
    # Factors of many levels first: they have the most pairs to cover.
    for factor in sorted(range(len(counts)), key=lambda f: -counts[f]):
        if factor not in levels:
            settings = [(factor, level) for level in range(counts[factor])]
            # Of equal gains the level with the most pairs left: the first one gives regular arms
            # that leave pairs which share none, 37 arms instead of 28 for seven factors of four.
            gains = [(_gain(s, levels, left), rest[s]) for s in settings]
            levels[factor] = gains.index(max(gains))
    return tuple(levels[factor] for factor in range(len(counts)))


def _gain(setting: Setting, levels: dict[int, int], left: set[Pair]) -> int:
    return sum(tuple(sorted((setting, other))) in left for other in levels.items())
