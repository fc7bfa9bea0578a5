"""The contract of designs."""

from collections.abc import Callable, Sequence

from study.spec.designs import Choices
from study.spec.study import Factor, Level

FACTORS = [
    Factor(f"part.{number}", (Level(f"{number} with", True), Level(f"{number} without", False)))
    for number in range(3)
]


def chooses(design: Callable[[Sequence[Factor]], Sequence[Choices]]) -> str:
    """The arms are levels that exist, the baseline first, none twice."""
    arms = [tuple(choices) for choices in design(FACTORS)]
    if not arms or any(arms[0]):
        return "does not begin with the baseline, (0, 0, 0)"
    if len(set(arms)) < len(arms):
        return "has an arm twice"
    strange = [arm for arm in arms if len(arm) != len(FACTORS) or not {*arm} <= {0, 1}]
    return f"has the arm {strange[0]} for three factors of two levels" if strange else ""


CHECKS = {"design": {"chooses levels": chooses}}
