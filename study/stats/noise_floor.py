"""Noise floor: how far apart two equal arms come out.

An A/A arm is the baseline trained again under other seeds. Under the same seeds it would be the
baseline itself: training is deterministic, so every difference would be exactly zero. With other
seeds it shows what an arm that changes nothing shows when all random draws differ: initial weights,
order, augmentation. Arms that share seeds share some of those draws, so equal arms come out at most
this far apart, closer if pairing helps (see `pairing`). An effect within the floor is explained by
random seeds alone.

It is not the noise of a *paired* comparison. That needs a third kind of arm, with the baseline's
seeds and a meaningless change, such as initial weights off by one rounding.
"""

from __future__ import annotations  # pandas is for reports: plans must start without it

from typing import TYPE_CHECKING, NamedTuple

from study.stats.effects import SUMMARY, by_arm, paired, summary
from study.stats.inference import FIXED, Inference
from study.stats.intervals import CONFIDENCE, varies

if TYPE_CHECKING:
    import pandas as pd

    from study.stats.intervals import Numbers

AA = "A/A"
"""The name of the A/A arm in a frame; its rows carry the baseline's seed that each is paired with.
"""


class NoiseFloor(NamedTuple):
    """The columns of a row of `noise_floor` that reports read."""

    metric: str
    n: int
    mean: float
    floor: float


def noise_floor(frame: pd.DataFrame, baseline: str, how: Inference = FIXED) -> pd.DataFrame:
    """One row per metric that the baseline and the A/A arm have: the `SUMMARY` of A/A - baseline,
    seed by seed as for any arm, and `floor`.

    The means of two equal arms with as many seeds as the baseline differ by less than `floor`, in
    base units, in 95 % of studies: t sqrt(2 / n) times the sd of one trial, estimated from the
    trials of both arms around their own means. It assumes seeds that are independent and normal;
    where pairing helps, it is rather too wide. NaN if a trial diverged or nothing varies. Which A/A
    trial is paired with which baseline trial is arbitrary and fixed by number: the floor does not
    depend on it.
    """
    import pandas as pd

    rows = []
    for metric, part in frame.dropna(subset="seed").groupby("metric", sort=False):
        arms = by_arm(part)
        if baseline in arms and AA in arms:
            repeat, base = arms[AA], arms[baseline]
            floor = _floor(base.to_numpy(float), repeat.to_numpy(float))
            rows.append({"metric": metric, **summary(paired(repeat, base), how), "floor": floor})
    return pd.DataFrame(rows, columns=["metric", *SUMMARY, "floor"])


def _floor(base: Numbers, repeat: Numbers) -> float:
    import numpy as np
    from scipy.special import stdtrit

    n, freedom = len(base), len(base) + len(repeat) - 2  # two means are estimated
    residuals = np.concatenate([base - base.mean(), repeat - repeat.mean()])
    if freedom < 1 or not np.isfinite(residuals).all() or not (varies(base) or varies(repeat)):
        return float("nan")
    sd = np.sqrt((residuals**2).sum() / freedom)
    # sd * sqrt(2 / n) is the standard error of the difference of two means of n seeds.
    return float(stdtrit(freedom, (1 + CONFIDENCE) / 2) * sd * np.sqrt(2 / n))
