"""Fractional factorial designs: regular fractions of all combinations of two-level factors."""

from collections.abc import Sequence
from itertools import product
from typing import Annotated, Literal

from pydantic import Field

from study.errors import SpecError
from study.spec.designs.two_levels import need_two_levels
from study.spec.study import Choices, Factor

Resolution = Annotated[
    Literal[3, 4, 5],
    Field(
        description="3: main effects are aliased with interactions of two factors; 4: only such "
        "interactions with each other; 5: neither"
    ),
]


def fractional(factors: Sequence[Factor], *, resolution: Resolution = 4) -> list[Choices]:
    """The smallest fraction of all combinations of two-level factors with this resolution or more.

    A half, a quarter, ... of the factorial, all combinations where no fraction suffices. Effects
    are aliased, so that only their sums can be estimated: see `stats.fractional_effects`.

    Raises:
        SpecError: a factor has not two levels, or there are too many.
    """
    need_two_levels(
        "fractional needs factors of two levels",
        factors,
        "; pairwise and factorial take any number of levels",
    )
    generators = _generators(len(factors), resolution)
    basic = len(factors) - len(generators)
    # A generated level is the parity of basic ones, so the baseline, all zeros, is an arm.
    places = [["abcdefg".index(letter) for letter in word] for word in generators]
    return [
        (*levels, *(sum(levels[place] for place in word) % 2 for word in places))
        for levels in product((0, 1), repeat=basic)
    ]


def _generators(count: int, resolution: int) -> list[str]:
    by_count = GENERATORS[resolution]
    most = max(by_count)
    if count > most:
        raise SpecError(
            f"fractional of resolution {resolution} takes at most {most} factors, and there are "
            f"{count}; pairwise takes any number"
        )
    return by_count.get(count, "").split()


GENERATORS: dict[int, dict[int, str]] = {
    3: {
        3: "ab",
        4: "abc",
        5: "ab ac",
        6: "ab ac bc",
        7: "ab ac bc abc",
        8: "abc abd acd bcd",
        9: "ab ac ad bcd abcd",
        10: "ab ac bc ad bcd abcd",
        11: "ab ac bc ad bd acd bcd",
        12: "ab ac bc ad bd acd bcd abcd",
        13: "ab ac bc abc ad bd abd cd acd",
        14: "ab ac bc abc ad bd abd cd acd bcd",
        15: "ab ac bc abc ad bd abd cd acd bcd abcd",
    },
    4: {
        4: "abc",
        5: "abcd",
        6: "abc abd",
        7: "abc abd acd",
        8: "abc abd acd bcd",
        9: "abc abd abe acde",
        10: "abc abd abe acde bcde",
        11: "abc abd acd abe ace ade",
        12: "abc abd acd bcd abe ace ade",
        13: "abc abd acd bcd abe ace bce ade",
        14: "abc abd acd bcd abe ace bce ade bde",
        15: "abc abd acd bcd abe ace bce ade bde cde",
        16: "abc abd acd bcd abe ace bce ade bde cde abcde",
    },
    5: {
        5: "abcd",
        6: "abcde",
        7: "abcdef",
        8: "abcd abef",
        9: "abcde abcfg",
        10: "abcde abcf acefg",
        11: "abdf acdef abcg cdeg",
    },
}
"""By resolution and number of factors, the last factors as products of the first, a, b, c, ...

Of minimum aberration: among the fractions of this size as few short words as possible (Fries and
Hunter, Technometrics 1980), found by trying all sets of generators, for 10 and 11 factors at
resolution 5 by local search; the counts are those of Chen, Sun and Wu (Int. Stat. Rev. 1993).
"""
