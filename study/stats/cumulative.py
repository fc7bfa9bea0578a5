"""Cumulative tables: the effect of a step depends on what was added before it.

A cumulative table is one path through the lattice of all combinations of levels. If the study has
further arms, some of them differ by the same step at another place of the lattice, and the effects
of the step can be compared.
"""

from __future__ import annotations  # pandas is for reports: plans must start without it

from collections.abc import Iterator, Mapping
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from study.stats.effects import SUMMARY, by_arm, difference, independent, paired, summary
from study.stats.independent import Independent
from study.stats.inference import FIXED, Inference
from study.stats.rows import Choices

if TYPE_CHECKING:
    import pandas as pd

    from study.stats.intervals import Numbers

    Pair = tuple[pd.Series[float], pd.Series[float]]
    """The values of the arm after a step, and of the arm before it."""


class Step(NamedTuple):
    """One factor moves from a level to a later one, while the others stay at `others`."""

    factor: int
    start: int
    end: int
    others: Choices
    """The levels of all factors before the step; that of `factor` is its `start`."""

    @property
    def added(self) -> int:
        """The number of other factors that have departed from the baseline already."""
        return sum(map(bool, self.others)) - bool(self.start)


class StepEffect(NamedTuple):
    """The columns of a row of `steps` that reports read."""

    factor: int
    start: int
    end: int
    others: Choices
    n: int
    mean: float
    low: float
    high: float


class StepOrder(NamedTuple):
    """A row of `step_orders`."""

    metric: str
    factor: int
    start: int
    end: int
    places: int
    first: float
    last: float
    least: float
    most: float
    n: int
    mean: float
    sd: float
    low: float
    high: float
    p: float
    smallest_p: float


KEYS = ("metric", "factor", "start", "end")


def steps(
    frame: pd.DataFrame, choices: Mapping[str, Choices], how: Inference = FIXED
) -> pd.DataFrame:
    """One row per (metric, step) between two arms of `choices`: its effect, paired by seed."""
    import pandas as pd

    rows = []
    for metric, part in frame.dropna(subset="seed").groupby("metric", sort=False):
        values = by_arm(part)
        for step, before, after in _steps(choices):
            if before in values and after in values:
                effect = summary(difference(values[after], values[before], how), how)
                rows.append({"metric": metric, **step._asdict(), "added": step.added, **effect})
    return pd.DataFrame(rows, columns=[*KEYS, "others", "added", *SUMMARY])


def step_orders(
    frame: pd.DataFrame, choices: Mapping[str, Choices], how: Inference = FIXED
) -> pd.DataFrame:
    """One row per (metric, factor, start, end): how the effect of a step depends on its place.

    `places` counts where the step was measured. `first` is the mean effect where the fewest other
    factors had departed, `last` where the most had; `least` and `most` are over all places, and
    their distance includes the noise of the seeds. The `SUMMARY` describes last - first, formed
    within every seed. With one place it is NaN and n is 0: only one order of steps was measured,
    and the results of another order are unknown.
    """
    import numpy as np
    import pandas as pd

    rows = []
    for metric, part in frame.dropna(subset="seed").groupby("metric", sort=False):
        values = by_arm(part)
        by_step: dict[Choices, list[tuple[Step, Pair]]] = {}
        for step, before, after in _steps(choices):
            if before in values and after in values:
                # The first three fields name the step; `others` says where on the lattice it
                # was taken.
                pair = (values[after], values[before])
                by_step.setdefault(step[:3], []).append((step, pair))
        for key, places in by_step.items():
            # By the levels second, so that places with as many departures have a fixed order.
            places.sort(key=lambda place: (place[0].added, place[0].others))
            means = [_mean(pair, how) for _, pair in places]
            first, last = places[0][1], places[-1][1]
            change = _change(first, last, how) if len(places) > 1 else np.empty(0)
            ends = {
                "first": means[0],
                "last": means[-1],
                "least": np.min(means),
                "most": np.max(means),
            }
            keys = dict(zip(KEYS, (metric, *key), strict=True))
            rows.append({**keys, "places": len(places), **ends, **summary(change, how)})
    columns = [*KEYS, "places", "first", "last", "least", "most", *SUMMARY]
    return pd.DataFrame(rows, columns=columns)


def _mean(pair: Pair, how: Inference) -> float:
    """The mean effect of a step; NaN if a trial diverged."""
    if how.paired:
        return float(_by_seed(*pair).mean(skipna=False))
    return independent((1, pair[0]), (-1, pair[1])).mean


def _change(first: Pair, last: Pair, how: Inference) -> Numbers | Independent:
    """The effect of a step in its last place less that in its first."""
    if how.paired:
        return paired(_by_seed(*last), _by_seed(*first))
    # The four arms are distinct, as the places differ in other factors.
    return independent((1, last[0]), (-1, last[1]), (-1, first[0]), (1, first[1]))


def _by_seed(after: pd.Series[float], before: pd.Series[float]) -> pd.Series[float]:
    """The effect of a step in every seed that both arms have."""
    return (after - before).reindex(after.index.intersection(before.index))


def _steps(choices: Mapping[str, Choices]) -> Iterator[tuple[Step, str, str]]:
    """Every step between two arms, with the arm before and the arm after it."""
    for (before, here), (after, there) in product(choices.items(), repeat=2):
        levels = enumerate(zip(here, there, strict=True))
        factors = [factor for factor, (start, end) in levels if start != end]
        # Upwards only: the same step downwards has the same effect with the other sign.
        if len(factors) == 1 and here[factors[0]] < there[factors[0]]:
            yield Step(factors[0], here[factors[0]], there[factors[0]], here), before, after
