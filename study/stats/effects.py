"""Effects: an arm's difference from the baseline, paired by seed or not; the gain from pairing."""

from __future__ import annotations  # pandas is for reports: plans must start without it

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from study.stats.independent import Independent
from study.stats.inference import FIXED, Inference, sample_interval
from study.stats.intervals import CONFIDENCE, ROUNDING, UNDEFINED, deviation, variance, varies
from study.stats.sign_flip import smallest_p

if TYPE_CHECKING:
    import pandas as pd

    from study.stats.intervals import Numbers

SUMMARY = ("n", "mean", "sd", "low", "high", "p", "smallest_p")
"""Statistics of differences: the t interval, the sign-flip test, the smallest p it can reach."""


class Effect(NamedTuple):
    """A row of `effects`."""

    arm: str
    metric: str
    n: int
    unpaired: int
    mean: float
    sd: float
    low: float
    high: float
    p: float
    smallest_p: float
    bca_low: float
    bca_high: float


def effects(frame: pd.DataFrame, baseline: str, how: Inference = FIXED) -> pd.DataFrame:
    """One row per (arm, metric) that has seeds: the difference from `baseline`, paired by seed.

    n pairs, `unpaired` seeds that only one of the two has and that are left out, the `SUMMARY`, and
    the BCa interval from bca_low to bca_high. NaN if a trial of either arm diverged. Where `how`
    pairs nothing, n is the size of the smaller arm, and the interval is Welch's.
    """
    import pandas as pd

    rows = []
    for metric, arms, base in _against(frame, baseline):
        for arm, values in arms.items():
            differences = difference(values, base, how)
            row = {"arm": arm, "metric": metric, "unpaired": unpaired(values, base, how)}
            bca = UNDEFINED if isinstance(differences, Independent) else how.bca(differences)
            ends = dict(zip(("bca_low", "bca_high"), bca, strict=True))
            rows.append(row | summary(differences, how) | ends)
    return pd.DataFrame(rows, columns=list(Effect._fields))


class Pairing(NamedTuple):
    """A row of `pairing`."""

    arm: str
    metric: str
    n: int
    paired: float
    separate: float
    ratio: float
    width: float


def pairing(frame: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """One row per (arm, metric) that has seeds: how much pairing by seed narrows the comparison.

    n pairs; `paired`, the variance of their differences; `separate`, the sum of the two arms'
    variances, which is the variance of differences between unlike seeds; `ratio` of the two, which
    is 1 - correlation where the arms' variances are equal. `width` is the width of the paired t
    interval over Welch's: pairing also costs degrees of freedom, at three seeds as much as a
    `ratio` of 0.4 gains. All NaN where nothing varies. With few seeds the ratio of a single arm is
    unreliable: add up both variances over arms before dividing.
    """
    import pandas as pd

    rows = [
        {"arm": arm, "metric": metric, **_gain(*shared(values, base))}
        for metric, arms, base in _against(frame, baseline)
        for arm, values in arms.items()
    ]
    return pd.DataFrame(rows, columns=list(Pairing._fields))


GAIN = ("paired", "separate", "ratio", "width")


def _gain(values: Numbers, base: Numbers) -> dict[str, float]:
    import numpy as np
    from scipy.special import stdtrit

    n = len(values)
    # Without any spread the ratio would be 0 / 0.
    if n < 2 or not (varies(values) or varies(base)):
        return {"n": n} | dict.fromkeys(GAIN, float("nan"))
    variances = np.array([variance(values), variance(base)])
    paired, separate = variance(values - base), variances.sum()
    freedom = (n - 1) * separate**2 / (variances**2).sum()  # Welch-Satterthwaite
    reach = [stdtrit(df, (1 + CONFIDENCE) / 2) for df in (n - 1, freedom)]
    ratio = paired / separate
    # The standard errors have the ratio sqrt(paired / separate), since both have n seeds.
    width = np.sqrt(ratio) * reach[0] / reach[1]
    return {"n": n} | dict(zip(GAIN, map(float, (paired, separate, ratio, width)), strict=True))


# ---- pairs by seed ----


def by_arm(part: pd.DataFrame) -> dict[str, pd.Series[float]]:
    """The values of every arm by seed, from the rows of one metric."""
    return {str(a): rows.set_index("seed")["value"] for a, rows in part.groupby("arm", sort=False)}


def shared(values: pd.Series[float], base: pd.Series[float]) -> tuple[Numbers, Numbers]:
    """The values of the seeds that both have."""
    both = values.index.intersection(base.index)
    return values[both].to_numpy(float), base[both].to_numpy(float)


def paired(values: pd.Series[float], base: pd.Series[float]) -> Numbers:
    """The differences `values` - `base` of the seeds that both have, (n,)."""
    minuend, subtrahend = shared(values, base)
    return minuend - subtrahend


def difference(
    values: pd.Series[float], base: pd.Series[float], how: Inference = FIXED
) -> Numbers | Independent:
    """The difference `values` - `base`, seed by seed or of the two means."""
    return paired(values, base) if how.paired else independent((1, values), (-1, base))


def independent(*parts: tuple[float, pd.Series[float]]) -> Independent:
    """A weighted sum of the means of arms."""
    weights: Sequence[float] = [weight for weight, _ in parts]
    return Independent(weights, [values.to_numpy(float) for _, values in parts])


def unpaired(values: pd.Series[float], base: pd.Series[float], how: Inference = FIXED) -> int:
    return len(values.index.symmetric_difference(base.index)) if how.paired else 0


def summary(differences: Numbers | Independent, how: Inference = FIXED) -> dict[str, float]:
    """The `SUMMARY` of paired differences (n,), or of a difference of independent groups."""
    import numpy as np

    if isinstance(differences, Independent):
        # Signs belong to pairs: no sign-flip test.
        ends = sample_interval(differences, how)
        values = (differences.mean, differences.sd, *ends, float("nan"), float("nan"))
        return {"n": differences.n} | dict(zip(SUMMARY[1:], values, strict=True))
    n = len(differences)
    mean = differences.mean() if n else float("nan")
    # Differences that cancel leave a rounding error, which is no effect.
    if n and abs(mean) <= ROUNDING * np.abs(differences).max():
        mean = 0.0
    values = (
        mean,
        deviation(differences),
        *how.interval(differences),
        how.sign_flip(differences),
        smallest_p(int(np.count_nonzero(differences))),  # zero has no sign to flip
    )
    return {"n": n} | dict(zip(SUMMARY[1:], map(float, values), strict=True))


def _against(
    frame: pd.DataFrame, baseline: str
) -> Iterator[tuple[str, dict[str, pd.Series[float]], pd.Series[float]]]:
    """Yields (metric, values of each other arm, values of the baseline)."""
    import pandas as pd

    # Rows without a seed are exact costs or timings, which have no sampling error by seed.
    for metric, part in frame.dropna(subset="seed").groupby("metric", sort=False):
        arms = by_arm(part)
        base = arms.pop(baseline, pd.Series(dtype=float))
        yield str(metric), arms, base
