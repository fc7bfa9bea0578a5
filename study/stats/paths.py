"""Cumulative tables: a step's effect depends on what was added before it.

A cumulative table is one path through the lattice of all combinations. Where other arms were
measured too, the same step was taken from other places, and its effects there can be compared.
"""

from __future__ import annotations  # pandas is for reports: plans must start without it

from collections.abc import Iterator, Mapping
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from study.stats.pairs import SUMMARY, by_arm, paired, summary

if TYPE_CHECKING:
    import pandas as pd

Choices = tuple[int, ...]


class Step(NamedTuple):
    """One factor from a level to a later one, where the others are at `others`."""

    factor: int
    start: int
    end: int
    others: Choices
    """The levels of all factors before the step; that of `factor` is its `start`."""

    @property
    def added(self) -> int:
        """How many other factors have departed already."""
        return sum(map(bool, self.others)) - bool(self.start)


KEYS = ("metric", "factor", "start", "end")


def steps(frame: pd.DataFrame, choices: Mapping[str, Choices]) -> pd.DataFrame:
    """One row per (metric, step) that two arms of `choices` make: its effect, paired by seed."""
    import pandas as pd

    rows = []
    for metric, part in frame[frame["seed"].notna()].groupby("metric", sort=False):
        values = by_arm(part)
        for step, before, after in _taken(choices):
            if before in values and after in values:
                found = summary(paired(values[after], values[before]))
                rows.append({"metric": metric, **step._asdict(), "added": step.added, **found})
    return pd.DataFrame(rows, columns=[*KEYS, "others", "added", *SUMMARY])


def orders(frame: pd.DataFrame, choices: Mapping[str, Choices]) -> pd.DataFrame:
    """One row per (metric, factor, start, end): how a step's effect depends on its place.

    `places` it was taken from; the mean effect `first`, where the fewest others had been added,
    and `last`, where the most had; `least` and `most` over all places, whose distance includes the
    noise of the seeds. The `SUMMARY` is of last - first, formed within every seed. Of one place
    there is no difference: NaN, and n is 0. Then one order was measured, and nothing says what
    another would have shown.
    """
    import numpy as np
    import pandas as pd

    rows = []
    for metric, part in frame[frame["seed"].notna()].groupby("metric", sort=False):
        values = by_arm(part)
        taken: dict[Choices, list[tuple[Step, pd.Series[float]]]] = {}
        for step, before, after in _taken(choices):
            if before in values and after in values:
                effect = (values[after] - values[before]).reindex(_both(values, before, after))
                taken.setdefault(step[:3], []).append((step, effect))
        for key, places in taken.items():
            places.sort(key=lambda place: (place[0].added, place[0].others))
            means = [effect.mean(skipna=False) for _, effect in places]
            first, last = places[0][1], places[-1][1]
            moved = paired(last, first) if len(places) > 1 else np.empty(0)
            ends = {
                "first": means[0],
                "last": means[-1],
                "least": np.min(means),
                "most": np.max(means),
            }
            named = dict(zip(KEYS, (metric, *key), strict=True))
            rows.append({**named, "places": len(places), **ends, **summary(moved)})
    columns = [*KEYS, "places", "first", "last", "least", "most", *SUMMARY]
    return pd.DataFrame(rows, columns=columns)


def _both(values: Mapping[str, pd.Series[float]], one: str, other: str) -> pd.Index:
    return values[one].index.intersection(values[other].index)


def _taken(choices: Mapping[str, Choices]) -> Iterator[tuple[Step, str, str]]:
    """Every step between two arms, with the arm before and the arm after it."""
    for (before, here), (after, there) in product(choices.items(), repeat=2):
        pairs = enumerate(zip(here, there, strict=True))
        moved = [factor for factor, (one, other) in pairs if one != other]
        if len(moved) == 1 and here[moved[0]] < there[moved[0]]:
            yield Step(moved[0], here[moved[0]], there[moved[0]], here), before, after
