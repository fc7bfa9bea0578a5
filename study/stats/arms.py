"""Arms one by one, and in their order."""

from __future__ import annotations  # pandas is for reports: plans must start without it

from typing import TYPE_CHECKING, NamedTuple

from study.stats.pairs import effects

if TYPE_CHECKING:
    import pandas as pd


def estimates(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per (arm, metric): n, mean, sd (of a sample; NaN when n < 2), low, high.

    An arm with a diverged seed has no mean: that of the others would flatter it. `low` and `high`
    are a timing's lowest and highest round, as they came.
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
    """The estimates of `metric`, the best first; what diverged is last, in the frame's order."""
    found = estimates(frame[frame["metric"] == metric])
    return found.sort_values("mean", ascending=not higher, kind="stable", ignore_index=True)


def ties(frame: pd.DataFrame, metric: str, *, higher: bool) -> frozenset[str]:
    """The best arm and all that cannot be told from it: the paired interval includes zero.

    Each is judged alone, not corrected for how many there are. Empty where the best stands alone,
    and where one seed or none has no interval.
    """
    part = frame[(frame["metric"] == metric) & frame["seed"].notna()]
    ranked = ranking(part, metric, higher=higher)
    if ranked.empty or ranked["mean"].isna().all() or int(ranked["n"].iloc[0]) < 2:
        return frozenset()
    best = str(ranked["arm"].iloc[0])
    found = effects(part, best)
    includes = (found["low"] <= 0) & (found["high"] >= 0)
    near = found[(found["n"] > 1) & (includes | (found["mean"] == 0))]
    told = frozenset(map(str, near["arm"])) | {best}
    return told if len(told) > 1 else frozenset()


class Leader(NamedTuple):
    arm: str | None
    clear: bool
    """Whether the lead over the runner-up is more than chance would give."""


def leader(frame: pd.DataFrame, metric: str, *, higher: bool, exact: bool) -> Leader:
    """The best arm on `metric`.

    Clear is: with seeds, that the paired interval against the runner-up excludes zero; for an
    `exact` count, that it is strictly better. The rounds of one timing session are no replicates:
    nothing timed leads clearly.
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
