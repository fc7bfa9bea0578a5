"""Factorial designs: what a factor does by itself, and what two do to each other."""

from __future__ import annotations  # pandas is for reports: plans must start without it

from collections.abc import Mapping, Sequence
from itertools import combinations, product
from typing import TYPE_CHECKING

from study.stats.pairs import SUMMARY, summary

if TYPE_CHECKING:
    import pandas as pd

    from study.stats.intervals import Numbers

Choices = tuple[int, ...]
Term = tuple[tuple[int, int], ...]
"""(factor, level) once for a main effect, twice for an interaction."""


def factorial(frame: pd.DataFrame, choices: Mapping[str, Choices]) -> pd.DataFrame:
    """One row per (metric, term): the `SUMMARY` of a contrast that is formed within every seed.

    `choices` are the levels that each arm chooses. A main effect is a level minus the first one of
    its factor, averaged over all levels of the others; an interaction is how much the difference
    that one level makes changes with the other, (both - one) - (other - neither), averaged over
    what is left. It is the whole difference of differences: half of it, as some books define it,
    would be another number. Of more than two factors together nothing is told.

    Every contrast has a variance of its own, over seeds; nothing is pooled, so levels may vary
    unlike. `n` counts the seeds of which every arm of the contrast has a trial; a diverged one
    leaves no contrast that needs it.

    Raises:
        ValueError: the arms are not all combinations of levels.
    """
    import pandas as pd

    counts = [1 + max(levels) for levels in zip(*choices.values(), strict=True)]
    if sorted(choices.values()) != list(product(*map(range, counts))):
        raise ValueError("the arms are not all combinations of levels, each once")
    rows = []
    for metric, part in frame[frame["seed"].notna()].groupby("metric", sort=False):
        for term in terms(counts):
            weights = {arm: _weight(chosen, counts, term) for arm, chosen in choices.items()}
            rows.append({"metric": metric, "term": term, **summary(_contrast(part, weights))})
    return pd.DataFrame(rows, columns=["metric", "term", *SUMMARY])


def terms(counts: Sequence[int]) -> list[Term]:
    """All main effects and two-way interactions of factors with so many levels."""
    single = [[((f, level),) for level in range(1, n)] for f, n in enumerate(counts)]
    both = [a + b for one, two in combinations(single, 2) for a, b in product(one, two)]
    return [*(term for own in single for term in own), *both]


def _weight(chosen: Choices, counts: Sequence[int], term: Term) -> float:
    """Of one arm: + for the level, - for the first, and a share of every other factor's levels."""
    levels, weight = dict(term), 1.0
    for factor, (level, count) in enumerate(zip(chosen, counts, strict=True)):
        if factor not in levels:
            weight /= count
        else:
            weight *= (level == levels[factor]) - (level == 0)
    return weight


def _contrast(part: pd.DataFrame, weights: Mapping[str, float]) -> Numbers:
    """The weighted sum of arms in every seed that all of them have."""
    needed = {arm: weight for arm, weight in weights.items() if weight}
    own = part[part["arm"].isin(list(needed))]
    complete = own.groupby("seed")["arm"].transform("nunique") == len(needed)
    weighted = own["value"] * own["arm"].map(needed)
    return weighted[complete].groupby(own["seed"]).sum(min_count=len(needed)).to_numpy(float)
