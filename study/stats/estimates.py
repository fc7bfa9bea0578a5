"""Estimates: mean and spread of every arm, the ranking of arms, and which of them tie."""

from __future__ import annotations  # pandas is for reports: plans must start without it

from typing import TYPE_CHECKING, NamedTuple

from study.stats.effects import effects

if TYPE_CHECKING:
    import pandas as pd


def estimates(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per (arm, metric): n, mean, sd (of a sample; NaN when n < 2), low, high.

    An arm with a diverged seed has no mean: the mean of the other seeds would flatter it. `low` and
    `high` are the lowest and highest round of a timing.
    """
    import pandas as pd

    rows = [
        {
            "arm": arm,
            "metric": metric,
            "n": len(part),
            "mean": part["value"].mean(skipna=False),
            "sd": part["value"].std(skipna=False),
            "low": part["low"].iloc[0],
            "high": part["high"].iloc[0],
        }
        for (arm, metric), part in frame.groupby(["arm", "metric"], sort=False)
    ]
    return pd.DataFrame(rows, columns=["arm", "metric", "n", "mean", "sd", "low", "high"])


def ranking(frame: pd.DataFrame, metric: str, *, higher: bool) -> pd.DataFrame:
    """The estimates of `metric`, the best first; diverged arms last, in the frame's order."""
    table = estimates(frame[frame["metric"] == metric])
    return table.sort_values("mean", ascending=not higher, kind="stable", ignore_index=True)


def ties(frame: pd.DataFrame, metric: str, *, higher: bool) -> frozenset[str]:
    """The best arm and all arms not distinguishable from it: the paired interval includes zero.

    Each comparison stands alone, without correction for their number. Empty if no arm ties with the
    best, and with fewer than two seeds, which give no interval.
    """
    part = frame[(frame["metric"] == metric) & frame["seed"].notna()]
    ranked = ranking(part, metric, higher=higher)
    if ranked.empty or ranked["mean"].isna().all() or int(ranked["n"].iloc[0]) < 2:
        return frozenset()
    best = str(ranked["arm"].iloc[0])
    table = effects(part, best)
    includes_zero = (table["low"] <= 0) & (table["high"] >= 0)
    near = table[(table["n"] > 1) & (includes_zero | (table["mean"] == 0))]
    tied = frozenset(map(str, near["arm"])) | {best}
    return tied if len(tied) > 1 else frozenset()


class Leader(NamedTuple):
    arm: str | None
    clear: bool
    """The lead over the runner-up is more than random seeds explain."""


def leader(frame: pd.DataFrame, metric: str, *, higher: bool, exact: bool) -> Leader:
    """The best arm on `metric`.

    A lead is clear if the paired interval against the runner-up excludes zero or, for an `exact`
    count, if it is strictly better. The rounds of one timing session are no replicates: no timing
    leads clearly.
    """
    part = frame[frame["metric"] == metric]
    ranked = ranking(part, metric, higher=higher)
    if ranked.empty or ranked["mean"].isna().all():
        return Leader(None, False)
    best = str(ranked["arm"].iloc[0])
    if len(ranked) < 2:
        return Leader(best, False)
    second = str(ranked["arm"].iloc[1])
    if part["seed"].notna().all():
        lead = effects(part[part["arm"].isin([best, second])], second).iloc[0]
        return Leader(best, bool(lead["low"] > 0 if higher else lead["high"] < 0))
    return Leader(best, exact and bool(ranked["mean"].iloc[0] != ranked["mean"].iloc[1]))
