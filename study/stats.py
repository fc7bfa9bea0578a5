"""Frames in, frames out: what the seeds say, and how sure they can be of it.

A frame has one row per (arm, seed, metric); what has no seed is exact or was timed apart. The seed
is the sample: arms that share seeds are compared seed by seed. NaN is a trial that diverged.
"""

from __future__ import annotations  # pandas is for reports: plans must start without it

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Numbers = np.ndarray[tuple[int], np.dtype[np.floating[Any]]]

CONFIDENCE = 0.95
POWER = 0.8  # `evidence.deciding` says it in words
ENUMERATED = 20  # pairs; one more doubles the sums that an exact test looks at
ROUNDING = 1e-9  # relative; sums closer than this are ties
MOST_SEEDS = 1000  # nobody trains more to decide one number


def smallest_p(seeds: int) -> float:
    """The smallest two-sided p that an exact sign-flip test of this many pairs can reach."""
    return float(min(1.0, 2.0 ** (1 - seeds)))


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


def effects(frame: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """One row per (arm, metric) that has seeds: the difference from `baseline`, paired by seed.

    n pairs, `unpaired` seeds that only one of the two has, mean, sd, the t interval from low to
    high, and the p of an exact sign-flip test.
    """
    import pandas as pd

    rows = []
    for metric, part in frame[frame["seed"].notna()].groupby("metric", sort=False):
        arms = {arm: one.set_index("seed")["value"] for arm, one in part.groupby("arm", sort=False)}
        base = arms.pop(baseline, pd.Series(dtype=float))
        rows += [{"arm": arm, "metric": metric, **_paired(v, base)} for arm, v in arms.items()]
    columns = ["arm", "metric", "n", "unpaired", "mean", "sd", "low", "high", "p"]
    return pd.DataFrame(rows, columns=columns)


def _paired(values: pd.Series[float], base: pd.Series[float]) -> dict[str, float]:
    shared = values.index.intersection(base.index)
    differences = (values[shared] - base[shared]).to_numpy(float)
    low, high = interval(differences)
    several = len(shared) > 1
    return {
        "n": len(shared),
        "unpaired": len(values) + len(base) - 2 * len(shared),
        "mean": differences.mean() if len(shared) else float("nan"),
        "sd": differences.std(ddof=1) if several else float("nan"),
        "low": low,
        "high": high,
        "p": sign_flip(differences) if several else float("nan"),
    }


def interval(sample: Numbers, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The t interval of the mean; NaN when the sample shows no spread to judge by.

    Equal values are what a coarse metric gives (one image of few), not a sign of certainty.
    """
    import numpy as np
    from scipy.special import stdtrit

    n = len(sample)
    if n < 2 or np.ptp(sample) <= ROUNDING * np.abs(sample).max():
        return float("nan"), float("nan")
    reach = stdtrit(n - 1, (1 + confidence) / 2) * sample.std(ddof=1) / np.sqrt(n)
    return float(sample.mean() - reach), float(sample.mean() + reach)


def corrected(comparisons: int) -> float:
    """The confidence at which so many intervals err together as seldom as one (Bonferroni)."""
    return 1 - (1 - CONFIDENCE) / comparisons


def seeds_needed(
    mean: float, sd: float, low: float, high: float, *, confidence: float = CONFIDENCE
) -> int | None:
    """The fewest seeds in all whose interval contains neither bound, with a power of 80 %.

    It then lies wholly between the bounds or wholly outside them. Where one bound is near, that is
    when (t of confidence + t of power) sd / sqrt(n) is less than the distance to it; where both
    are, either may be missed. None if it takes more than `MOST_SEEDS`. The power is what it would
    be if `mean` and `sd`, which is above 0, were the truth; today's are themselves uncertain.
    """
    import numpy as np
    from scipy.special import stdtr, stdtrit

    counts = np.arange(2, MOST_SEEDS + 1)
    error = sd / np.sqrt(counts)
    reach = stdtrit(counts - 1, (1 + confidence) / 2) * error
    ends = np.array([low - reach, low + reach, high - reach, high + reach])
    below = stdtr(counts - 1, (ends - mean) / error)  # the chance of a new mean to lie there
    power = below[0] + np.maximum(below[2] - below[1], 0) + 1 - below[3]
    enough = counts[power >= POWER]
    return int(enough[0]) if enough.size else None


def sign_flip(differences: Numbers) -> float:
    """The two-sided p of all 2^n ways to sign the differences; NaN where those are too many."""
    import numpy as np

    if len(differences) > ENUMERATED or not np.isfinite(differences).all():
        return float("nan")
    sums = np.zeros(1)
    for difference in differences:
        sums = np.concatenate([sums + difference, sums - difference])
    bound = abs(differences.sum()) - ROUNDING * np.abs(differences).sum()
    return float((np.abs(sums) >= bound).mean())


class Leader(NamedTuple):
    arm: str | None
    clear: bool
    """Whether the lead over the runner-up is more than chance would give."""


def leader(frame: pd.DataFrame, metric: str, *, higher: bool, exact: bool) -> Leader:
    """The best arm on `metric`; a mean that is NaN comes last.

    Clear is: with seeds, that the paired interval against the runner-up excludes zero; for an
    `exact` count, that it is strictly better. The rounds of one timing session are no replicates:
    nothing timed leads clearly.
    """
    part = frame[frame["metric"] == metric]
    ranked = estimates(part).sort_values("mean", ascending=not higher, kind="stable")
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
