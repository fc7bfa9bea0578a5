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
ENUMERATED = 20  # pairs; one more doubles the sums that an exact test looks at
ROUNDING = 1e-9  # relative; sums closer than this are ties
MOST_SEEDS = 1000  # nobody trains more to decide one number


def smallest_p(seeds: int) -> float:
    """The smallest two-sided p that an exact sign-flip test of this many pairs can reach."""
    return float(min(1.0, 2.0 ** (1 - seeds)))


def estimates(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per (arm, metric): n, mean, sd (of a sample; NaN when n < 2), low, high.

    An arm with a diverged seed has no mean: that of the others would flatter it. `low` and `high`
    are a timing's quartiles, as they came.
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


def interval(sample: Numbers) -> tuple[float, float]:
    """The 95 % t interval of the mean; NaN when the sample shows no spread to judge by.

    Equal values are what a coarse metric gives (one image of few), not a sign of certainty.
    """
    import numpy as np

    n = len(sample)
    if n < 2 or np.ptp(sample) <= ROUNDING * np.abs(sample).max():
        return float("nan"), float("nan")
    reach = float(_reaches(sample.std(ddof=1), np.array([n]))[0])
    return float(sample.mean() - reach), float(sample.mean() + reach)


def seeds_needed(mean: float, sd: float, *, low: float, high: float) -> int | None:
    """The fewest seeds in all whose interval contains neither bound, if mean and sd stay the same.

    It then lies wholly between the bounds or wholly outside them. None if that takes more than
    `MOST_SEEDS`. An expectation, no promise: today's mean and sd are themselves uncertain.
    """
    import numpy as np

    counts = np.arange(2, MOST_SEEDS + 1)
    decided = _reaches(sd, counts) < min(abs(mean - low), abs(mean - high))
    return int(counts[decided][0]) if decided.any() else None


def _reaches(sd: float, counts: np.ndarray[tuple[int], np.dtype[np.integer[Any]]]) -> Numbers:
    """Half the t interval of a mean, for samples of so many."""
    import numpy as np
    from scipy import stats

    found: Numbers = stats.t.ppf((1 + CONFIDENCE) / 2, counts - 1) * sd / np.sqrt(counts)
    return found


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
