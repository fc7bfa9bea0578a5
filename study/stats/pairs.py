"""Two arms, seed by seed: their difference, and what comparing them so has bought."""

from __future__ import annotations  # pandas is for reports: plans must start without it

from collections.abc import Iterator
from typing import TYPE_CHECKING

from study.stats.intervals import CONFIDENCE, bca, interval, spread
from study.stats.signs import sign_flip, smallest_p

if TYPE_CHECKING:
    import pandas as pd

    from study.stats.intervals import Numbers

SUMMARY = ("n", "mean", "sd", "low", "high", "p", "smallest_p")
"""Of differences: the t interval, the sign-flip test, and the smallest p it could have given."""


def effects(frame: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """One row per (arm, metric) that has seeds: the difference from `baseline`, paired by seed.

    n pairs, `unpaired` seeds that only one of the two has and that count for nothing, the
    `SUMMARY`, and the BCa interval from bca_low to bca_high. Where one of a pair diverged there is
    no difference at all.
    """
    import pandas as pd

    rows = []
    for metric, arms, base in _against(frame, baseline):
        for arm, values in arms.items():
            differences = paired(values, base)
            found = {"arm": arm, "metric": metric, "unpaired": unpaired(values, base)}
            ends = dict(zip(("bca_low", "bca_high"), bca(differences), strict=True))
            rows.append(found | summary(differences) | ends)
    columns = ["arm", "metric", "n", "unpaired", *SUMMARY[1:], "bca_low", "bca_high"]
    return pd.DataFrame(rows, columns=columns)


def pairing(frame: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """One row per (arm, metric) that has seeds: what pairing by seed bought.

    n pairs; `paired`, the variance of their differences; `separate`, the sum of the two arms'
    variances, which is what the differences of unlike seeds have; `ratio` of the two, which is
    1 - correlation where the arms' variances are equal. `width` is that of the paired t interval
    over Welch's: pairing also costs degrees of freedom, of three seeds as much as a `ratio` of 0.4
    brings. All NaN where nothing varies. Of few seeds the ratio of one arm is a guess: add up both
    variances over arms before dividing.
    """
    import pandas as pd

    rows = [
        {"arm": arm, "metric": metric, **_bought(*shared(values, base))}
        for metric, arms, base in _against(frame, baseline)
        for arm, values in arms.items()
    ]
    return pd.DataFrame(rows, columns=["arm", "metric", "n", *BOUGHT])


BOUGHT = ("paired", "separate", "ratio", "width")


def _bought(values: Numbers, base: Numbers) -> dict[str, float]:
    import numpy as np
    from scipy.special import stdtrit

    n = len(values)
    if n < 2 or not (spread(values) or spread(base)):
        return {"n": n} | dict.fromkeys(BOUGHT, float("nan"))
    parts = np.array([values.var(ddof=1), base.var(ddof=1)])
    paired, separate = (values - base).var(ddof=1), parts.sum()
    freedom = (n - 1) * separate**2 / (parts**2).sum()
    reach = [stdtrit(df, (1 + CONFIDENCE) / 2) for df in (n - 1, freedom)]
    ratio = paired / separate
    width = np.sqrt(ratio) * reach[0] / reach[1]
    return {"n": n} | dict(zip(BOUGHT, map(float, (paired, separate, ratio, width)), strict=True))


# ---- what pairs are made of ----


def by_arm(part: pd.DataFrame) -> dict[str, pd.Series[float]]:
    """Of one metric the values of every arm by seed."""
    return {str(a): one.set_index("seed")["value"] for a, one in part.groupby("arm", sort=False)}


def shared(values: pd.Series[float], base: pd.Series[float]) -> tuple[Numbers, Numbers]:
    """The values of the seeds that both have."""
    both = values.index.intersection(base.index)
    return values[both].to_numpy(float), base[both].to_numpy(float)


def paired(values: pd.Series[float], base: pd.Series[float]) -> Numbers:
    one, other = shared(values, base)
    return one - other


def unpaired(values: pd.Series[float], base: pd.Series[float]) -> int:
    return len(values.index.symmetric_difference(base.index))


def summary(differences: Numbers) -> dict[str, float]:
    """What differences of seeds, (n,), come to: the values of `SUMMARY`."""
    import numpy as np

    n, several = len(differences), len(differences) > 1
    found = (
        n,
        differences.mean() if n else float("nan"),
        differences.std(ddof=1) if several else float("nan"),
        *interval(differences),
        sign_flip(differences) if several else float("nan"),
        smallest_p(int(np.count_nonzero(differences))),  # zero has no sign to flip
    )
    return {"n": n} | dict(zip(SUMMARY[1:], map(float, found[1:]), strict=True))


def _against(
    frame: pd.DataFrame, baseline: str
) -> Iterator[tuple[str, dict[str, pd.Series[float]], pd.Series[float]]]:
    """Of every metric its name, the values of the other arms, and those of the baseline."""
    import pandas as pd

    for metric, part in frame[frame["seed"].notna()].groupby("metric", sort=False):
        arms = by_arm(part)
        base = arms.pop(baseline, pd.Series(dtype=float))
        yield str(metric), arms, base
