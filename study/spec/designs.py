"""Designs: which arms a study has.

Contract: design(factors) -> the levels chosen in each arm, the baseline (all 0) first, none twice.
"""

from collections.abc import Callable, Sequence
from itertools import product

from study.errors import SpecError
from study.spec.study import Factor

Choices = tuple[int, ...]


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
    for factor in factors:
        if len(factor.levels) != 2:
            labels = ", ".join(level.label for level in factor.levels)
            raise SpecError(
                f"leave_one_out needs two levels, with and without, but {factor.path} has {labels}"
            )
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


def designed(designs: Sequence[str], factors: Sequence[Factor]) -> list[Choices]:
    """The levels of the arms of all `designs`, each arm once, the baseline first.

    Raises:
        SpecError: the factors do not fit a design.
    """
    # The reader reports unknown designs; the arms of the others are still checked.
    known = [design for design in designs if design in DESIGNS] or ["one_at_a_time"]
    choices = [(0,) * len(factors)]
    choices += [chosen for design in known for chosen in DESIGNS[design](factors)]
    # Designs overlap: all of them have the baseline.
    return list(dict.fromkeys(choices))


DESIGNS: dict[str, Callable[[Sequence[Factor]], list[Choices]]] = {
    "one_at_a_time": one_at_a_time,
    "leave_one_out": leave_one_out,
    "cumulative": cumulative,
    "factorial": factorial,
}
