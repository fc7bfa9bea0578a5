"""Designs that need factors of two levels, and the error of factors that do not fit."""

from collections.abc import Mapping, Sequence

from study.errors import SpecError
from study.spec.study import Factor


class UnfitFactorsError(SpecError):
    """Factors that a design cannot take, with the reason for each by its path."""

    def __init__(self, messages: Mapping[str, str]) -> None:
        super().__init__("; ".join(messages.values()))
        self.messages = messages


def need_two_levels(needs: str, factors: Sequence[Factor], remedy: str = "") -> None:
    """Refuse factors that have not two levels, which a design `needs`.

    Raises:
        UnfitFactorsError: names them all.
    """
    unfit = {
        factor.path: f"{needs}, but {factor.path} has {_labels(factor)}{remedy}"
        for factor in factors
        if len(factor.levels) != 2
    }
    if unfit:
        raise UnfitFactorsError(unfit)


def _labels(factor: Factor) -> str:
    return ", ".join(level.label for level in factor.levels)
