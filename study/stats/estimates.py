"""Estimates: mean and spread of every arm, the ranking of arms, and which of them tie."""

from __future__ import annotations  # pandas is for reports: plans must start without it

from typing import TYPE_CHECKING, NamedTuple

from study.stats.effects import Effect, effects
from study.stats.inference import FIXED, Inference
from study.stats.intervals import deviation
from study.stats.rows import MetricValue, of_arms, of_metric, typed_rows

if TYPE_CHECKING:
    import pandas as pd


class Estimate(NamedTuple):
    """A row of `estimates`."""

    arm: str
    metric: str
    n: int
    mean: float
    sd: float
    low: float
    high: float


def estimates(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per (arm, metric): n, mean, sd (of a sample; NaN when n < 2), low, high.

    An arm with a diverged seed has no mean: the mean of the other seeds would flatter it. `low` and
    `high` are the lowest and highest round of a timing.
    """
    import pandas as pd

    rows = []
    for (arm, metric), part in frame.groupby(["arm", "metric"], sort=False):
        values = part["value"]
        mean, sd = values.mean(skipna=False), deviation(values.to_numpy(float))
        # Only timings have a range, and they have one row per arm and metric.
        first = typed_rows(part.head(1), MetricValue)[0]
        rows.append(Estimate(str(arm), str(metric), len(part), mean, sd, first.low, first.high))
    return pd.DataFrame(rows, columns=list(Estimate._fields))


def ranking(frame: pd.DataFrame, metric: str, *, higher: bool) -> pd.DataFrame:
    """The estimates of `metric`, the best first; diverged arms last, in the frame's order."""
    table = estimates(of_metric(frame, metric))
    # Stable, since equal means must not change places from one report to the next.
    return table.sort_values("mean", ascending=not higher, kind="stable", ignore_index=True)


def ties(
    frame: pd.DataFrame, metric: str, *, higher: bool, how: Inference = FIXED
) -> frozenset[str]:
    """The best arm and all arms not distinguishable from it: the paired interval includes zero.

    Each comparison stands alone, without correction for their number. Empty if no arm ties with the
    best, and with fewer than two seeds, which give no interval.
    """
    part = of_metric(frame, metric).dropna(subset="seed")
    ranked = typed_rows(ranking(part, metric, higher=higher), Estimate)
    # A mean that differs from itself is NaN: the arm diverged.
    if not ranked or all(row.mean != row.mean for row in ranked) or ranked[0].n < 2:
        return frozenset()
    best = ranked[0].arm
    # A mean of exactly zero has no interval if all differences are equal, and is a tie.
    near = {
        row.arm
        for row in typed_rows(effects(part, best, how), Effect)
        if row.n > 1 and (row.low <= 0 <= row.high or row.mean == 0)
    }
    return frozenset(near | {best}) if near else frozenset()


def untested(
    frame: pd.DataFrame, metric: str, *, higher: bool, how: Inference = FIXED
) -> frozenset[str]:
    """The arms of which it is unknown how they stand to the best: the difference has no interval.

    They share fewer than two seeds with it, have the same difference in every seed, or diverged.
    Arms of one mean in every seed are ties. Empty if no arm has a mean.
    """
    part = of_metric(frame, metric).dropna(subset="seed")
    ranked = typed_rows(ranking(part, metric, higher=higher), Estimate)
    # A mean that differs from itself is NaN: the arm diverged.
    if not ranked or ranked[0].mean != ranked[0].mean:
        return frozenset()
    rows = typed_rows(effects(part, ranked[0].arm, how), Effect)
    # NaN ends, no interval, differ from themselves.
    return frozenset(row.arm for row in rows if row.low != row.low and not _equal(row))


def _equal(row: Effect) -> bool:
    """The arms have the same value in every one of several seeds."""
    return row.n > 1 and row.mean == 0


class Leader(NamedTuple):
    arm: str | None
    clear: bool
    """The lead over the runner-up is more than random seeds explain."""


def leader(
    frame: pd.DataFrame, metric: str, *, higher: bool, exact: bool, how: Inference = FIXED
) -> Leader:
    """The best arm on `metric`.

    A lead is clear if the paired interval against the runner-up excludes zero or, for an `exact`
    count, if it is strictly better. The rounds of one timing session are no replicates: no timing
    leads clearly.
    """
    part = of_metric(frame, metric)
    ranked = typed_rows(ranking(part, metric, higher=higher), Estimate)
    if not ranked or all(row.mean != row.mean for row in ranked):
        return Leader(None, False)
    best = ranked[0]
    if len(ranked) < 2:
        return Leader(best.arm, False)
    second = ranked[1]
    # All rows have seeds: a quality, not a cost or a timing.
    if len(part.dropna(subset="seed")) == len(part):
        two = of_arms(part, (best.arm, second.arm))
        lead = typed_rows(effects(two, second.arm, how), Effect)[0]
        return Leader(best.arm, lead.low > 0 if higher else lead.high < 0)
    return Leader(best.arm, exact and best.mean != second.mean)
