"""Factorial designs: main effects of factors and interactions between two of them."""

from __future__ import annotations  # pandas is for reports: plans must start without it

from collections.abc import Mapping, Sequence
from itertools import combinations, product
from typing import TYPE_CHECKING, NamedTuple

from study.stats.effects import by_arm, independent, summary
from study.stats.independent import Independent
from study.stats.inference import FIXED, Inference
from study.stats.rows import Choices, of_arms

if TYPE_CHECKING:
    import pandas as pd

    from study.stats.intervals import Numbers

Term = tuple[tuple[int, int], ...]
"""(factor, level) once for a main effect, twice for an interaction."""


class FactorialEffect(NamedTuple):
    """A row of `factorial`."""

    metric: str
    term: Term
    n: int
    mean: float
    sd: float
    low: float
    high: float
    p: float
    smallest_p: float
    aliases: tuple[tuple[Term, float], ...] = ()
    """Terms that the estimate includes with these coefficients; empty for a whole factorial."""


def factorial(
    frame: pd.DataFrame, choices: Mapping[str, Choices], how: Inference = FIXED
) -> pd.DataFrame:
    """One row per (metric, term): the `SUMMARY` of a contrast formed within every seed.

    `choices` are the level indices of each arm. A main effect is a level minus the first level of
    its factor, averaged over all levels of the other factors. An interaction is the difference of
    differences, (both - first) - (second - neither), averaged over the remaining factors; some
    books define it as half of that. Interactions of three or more factors are not computed.

    Every contrast has its own variance over seeds; variances are not pooled, so arms may vary
    differently. `n` counts the seeds for which every arm of the contrast has a trial; a diverged
    trial makes the contrasts that use it NaN.

    Raises:
        ValueError: the arms are not all combinations of levels.
    """
    import pandas as pd

    # A missing or doubled combination would give some levels more weight than others.
    counts = [1 + max(levels) for levels in zip(*choices.values(), strict=True)]
    if sorted(choices.values()) != list(product(*map(range, counts))):
        raise ValueError("the arms are not all combinations of levels, each once")
    rows = []
    for metric, part in frame.dropna(subset="seed").groupby("metric", sort=False):
        for term in terms(counts):
            weights = {arm: _weight(levels, counts, term) for arm, levels in choices.items()}
            effect = summary(contrast(part, weights, how), how)
            rows.append({"metric": metric, "term": term, "aliases": (), **effect})
    return pd.DataFrame(rows, columns=list(FactorialEffect._fields))


def terms(counts: Sequence[int]) -> list[Term]:
    """All main effects and two-way interactions of factors with these numbers of levels."""
    # From level 1 on: the first level is what the others are compared with.
    single = [[((f, level),) for level in range(1, n)] for f, n in enumerate(counts)]
    double = [a + b for first, second in combinations(single, 2) for a, b in product(first, second)]
    return [*(term for main in single for term in main), *double]


def _weight(levels: Choices, counts: Sequence[int], term: Term) -> float:
    """An arm's weight in a contrast.

    For each factor of the term + for the term's level, - for the first level, else 0; divided by
    the number of levels of every other factor.
    """
    wanted, weight = dict(term), 1.0
    for factor, (level, count) in enumerate(zip(levels, counts, strict=True)):
        if factor not in wanted:
            # An average over the levels of a factor that is not in the term.
            weight /= count
        else:
            weight *= (level == wanted[factor]) - (level == 0)
    return weight


def contrast(
    part: pd.DataFrame, weights: Mapping[str, float], how: Inference = FIXED
) -> Numbers | Independent:
    """The weighted sum of arms, for every seed that all of them have, or of their means."""
    needed = {arm: weight for arm, weight in weights.items() if weight}
    own = of_arms(part, needed)
    if not how.paired:
        values, empty = by_arm(own), own["value"].iloc[:0]
        return independent(*((weight, values.get(arm, empty)) for arm, weight in needed.items()))
    # As with paired differences: only seeds for which every arm has a trial.
    complete = own.groupby("seed")["arm"].transform("nunique") == len(needed)
    weighted = own["value"] * own["arm"].map(needed)
    # min_count, since pandas' sum would leave out the NaN of a diverged trial.
    return weighted[complete].groupby(own["seed"]).sum(min_count=len(needed)).to_numpy(float)
