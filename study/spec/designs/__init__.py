"""Designs: which arms a study has.

Contract: design(factors) -> the levels chosen in each arm, the baseline (all 0) first, none twice.
Parameters by keyword alone are options of the design in a study file; each has a default, and a
type that pydantic checks.
"""

from collections.abc import Sequence
from itertools import product

from study.spec.designs.fractional import fractional
from study.spec.designs.options import DEFAULT, Design
from study.spec.designs.pairwise import pairwise
from study.spec.designs.two_levels import need_two_levels
from study.spec.study import Choices, Designs, Factor, Study


def one_at_a_time(factors: Sequence[Factor]) -> list[Choices]:
    """The baseline, and every other level of every factor, one per arm."""
    baseline = (0,) * len(factors)
    return [baseline] + [
        (*baseline[:index], level, *baseline[index + 1 :])
        for index, factor in enumerate(factors)
        for level in range(1, len(factor.levels))
    ]


def leave_one_out(factors: Sequence[Factor]) -> list[Choices]:
    """The full model, and the full model without each factor; a factor is (with, without)."""
    need_two_levels("leave_one_out needs two levels, with and without", factors)
    return one_at_a_time(factors)


def cumulative(factors: Sequence[Factor]) -> list[Choices]:
    """One path: each arm has the levels of the arm before it and one more."""
    levels = [0] * len(factors)
    path = [tuple(levels)]
    for index, factor in enumerate(factors):
        for level in range(1, len(factor.levels)):
            levels[index] = level
            path.append(tuple(levels))
    return path


def factorial(factors: Sequence[Factor]) -> list[Choices]:
    """Every combination of levels."""
    return list(product(*(range(len(factor.levels)) for factor in factors)))


def designed(designs: Designs, factors: Sequence[Factor]) -> list[Choices]:
    """The levels of the arms of all `designs`, each arm once, the baseline first.

    Raises:
        SpecError: the factors do not fit a design.
    """
    # The reader reports unknown designs; the arms of the others are still checked.
    known = {name: options for name, options in designs.items() if name in DESIGNS}
    choices = [(0,) * len(factors)]
    for name, options in (known or DEFAULT).items():
        choices += DESIGNS[name](factors, **options)
    # Designs overlap: all of them have the baseline.
    return list(dict.fromkeys(choices))


def arms_of(study: Study, design: str) -> list[Choices]:
    """The levels of the arms that a study has of one of its designs."""
    return designed({design: study.designs[design]}, study.factors)


DESIGNS: dict[str, Design] = {
    "one_at_a_time": one_at_a_time,
    "leave_one_out": leave_one_out,
    "cumulative": cumulative,
    "factorial": factorial,
    "fractional": fractional,
    "pairwise": pairwise,
}
