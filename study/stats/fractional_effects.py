"""Regular fractions of two-level factorials: which effects are aliased, and their sums.

Box and Hunter, "The 2^(k-p) fractional factorial designs", Technometrics 1961.
"""

from __future__ import annotations  # pandas is for reports: plans must start without it

from collections.abc import Collection, Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from study.stats.effects import summary
from study.stats.factorial_effects import FactorialEffect, Term, contrast, terms
from study.stats.inference import FIXED, Inference
from study.stats.rows import Choices

if TYPE_CHECKING:
    import pandas as pd


class Aliased(NamedTuple):
    """A term, and how much of its effect is in the estimate of the first term of its class."""

    term: Term
    coefficient: float


AliasClass = tuple[Aliased, ...]
"""Terms whose effects have one estimate, their weighted sum; the first has the coefficient 1."""


def is_fraction(choices: Collection[Choices]) -> bool:
    """True for a regular fraction of a two-level factorial of resolution III or more.

    Then main effects are not aliased with each other, and two effects are either aliased or
    orthogonal. All combinations of levels are no fraction.
    """
    arms = set(choices)
    if not arms or {level for arm in arms for level in arm} != {0, 1}:
        return False
    columns = list(zip(*arms, strict=True))
    several = len(set(columns)) == len(columns) and all(len(set(own)) == 2 for own in columns)
    return several and len(arms) < 2 ** len(columns) and _closed(arms)


def _closed(arms: set[Choices]) -> bool:
    """True if the sums modulo two of any two arms are arms, the baseline included."""
    numbers = {sum(level << place for place, level in enumerate(arm)) for arm in arms}
    return all(a ^ b in numbers for a in numbers for b in numbers)


def alias_classes(choices: Collection[Choices]) -> list[AliasClass]:
    """Main effects and interactions of two factors of a regular fraction, the aliased together.

    Main effects come first, so that one is never among the aliases of an interaction. The effects
    are those of `factorial`, where an interaction has twice the scale of a main effect: the
    estimate of A may be A - B×C / 2.
    """
    arms = list(choices)
    classes: dict[Choices, list[tuple[Term, int]]] = {}
    for term in terms([2] * len(arms[0])):
        column = tuple(_sign(arm, term) for arm in arms)
        sign = column[0]
        # Columns that differ in sign alone are the same contrast.
        classes.setdefault(tuple(sign * x for x in column), []).append((term, sign))
    return [_weighted(own) for own in classes.values()]


def _weighted(signed: Sequence[tuple[Term, int]]) -> AliasClass:
    first, reference = signed[0]
    return tuple(
        Aliased(term, sign * reference * 2.0 ** (len(first) - len(term))) for term, sign in signed
    )


def _sign(arm: Choices, term: Term) -> int:
    """The product of the term's levels, coded -1 and 1."""
    return prod(2 * arm[factor] - 1 for factor, _ in term)


def resolution(choices: Collection[Choices]) -> int:
    """The resolution of a regular fraction: 3, 4, or 5 for 5 and more."""
    aliased = [own for own in alias_classes(choices) if len(own) > 1]
    return min((len(own[0].term) + 2 for own in aliased), default=5)


def fractional(
    frame: pd.DataFrame, choices: Mapping[str, Choices], how: Inference = FIXED
) -> pd.DataFrame:
    """One row per (metric, class of aliased terms): the `SUMMARY` of its estimate by seeds.

    `term` is the first of the class, and `aliases` are the others with their coefficients. The
    columns and the handling of seeds are those of `factorial`.

    Raises:
        ValueError: the arms are no regular fraction.
    """
    import pandas as pd

    if not is_fraction(choices.values()):
        raise ValueError("the arms are no regular fraction of a two-level factorial")
    rows = []
    for metric, part in frame.dropna(subset="seed").groupby("metric", sort=False):
        for (term, _), *aliases in alias_classes(choices.values()):
            scale = 2.0 ** len(term) / len(choices)
            weights = {arm: scale * _sign(levels, term) for arm, levels in choices.items()}
            effect = summary(contrast(part, weights, how), how)
            rows.append({"metric": metric, "term": term, "aliases": tuple(aliases), **effect})
    return pd.DataFrame(rows, columns=list(FactorialEffect._fields))
