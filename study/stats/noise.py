"""The noise floor: how far apart two equal arms come out.

An A/A arm is the baseline again, under seeds of its own. Under the baseline's seeds it would be the
baseline: training is deterministic, so the difference would be zero to the last bit and would say
nothing. With other seeds it is what an arm would show that changes nothing and rolls all dice anew:
initial weights, order, augmentation. Arms that share seeds share some of those dice, so equal arms
come out this far apart at most, nearer if pairing helps (see `pairing`); whatever lies within the
floor, chance alone explains.

What it is not: the noise of a *paired* comparison. That would take a third kind of arm, with the
baseline's seeds and a change that means nothing, such as initial weights off by one rounding.
"""

from __future__ import annotations  # pandas is for reports: plans must start without it

from typing import TYPE_CHECKING

from study.stats.intervals import CONFIDENCE, spread
from study.stats.pairs import SUMMARY, by_arm, paired, summary

if TYPE_CHECKING:
    import pandas as pd

    from study.stats.intervals import Numbers

AGAIN = "A/A"
"""The A/A arm of a frame; its seeds there are those of the baseline that they stand beside."""


def noise_floor(frame: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """One row per metric that the baseline and the A/A arm have: the `SUMMARY` of A/A - baseline,
    seed by seed as any arm's, and `floor`.

    The means of two equal arms with as many seeds as the baseline differ by less than `floor`, in
    base units, in 95 of 100 studies: t sqrt(2 / n) times the sd of one trial, taken from the trials
    of both arms around their own means. It assumes seeds that are independent and normal; where
    seeds are paired and pairing helps, it is rather too wide. NaN where one diverged or nothing
    varies. Which A/A trial stands beside which of the baseline's is arbitrary, and fixed by number:
    the floor does not depend on it.
    """
    import pandas as pd

    rows = []
    for metric, part in frame[frame["seed"].notna()].groupby("metric", sort=False):
        arms = by_arm(part)
        if baseline in arms and AGAIN in arms:
            again, base = arms[AGAIN], arms[baseline]
            floor = _floor(base.to_numpy(float), again.to_numpy(float))
            rows.append({"metric": metric, **summary(paired(again, base)), "floor": floor})
    return pd.DataFrame(rows, columns=["metric", *SUMMARY, "floor"])


def _floor(base: Numbers, again: Numbers) -> float:
    import numpy as np
    from scipy.special import stdtrit

    n, freedom = len(base), len(base) + len(again) - 2
    apart = np.concatenate([base - base.mean(), again - again.mean()])
    if freedom < 1 or not np.isfinite(apart).all() or not (spread(base) or spread(again)):
        return float("nan")
    sd = np.sqrt((apart**2).sum() / freedom)
    return float(stdtrit(freedom, (1 + CONFIDENCE) / 2) * sd * np.sqrt(2 / n))
