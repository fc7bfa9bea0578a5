"""Contrasts: the differences that a study declared in advance, tested as one family."""

from __future__ import annotations  # pandas is for reports: plans must start without it

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from study.stats.intervals import spread
from study.stats.pairs import SUMMARY, by_arm, paired, summary, unpaired

if TYPE_CHECKING:
    import pandas as pd

    from study.stats.intervals import Numbers


class Contrast(NamedTuple):
    """The difference `arm` - `other` on `metric`."""

    arm: str
    other: str
    metric: str


def contrasts(
    frame: pd.DataFrame, declared: Iterable[Contrast], *, beside: int = 0
) -> pd.DataFrame:
    """One row per declared contrast: n, `unpaired`, the `SUMMARY`, `holm`, `t_p` and `t_holm`.

    `holm` corrects the sign-flip p, which assumes no shape but cannot be small with few seeds;
    `t_holm` that of the paired t test, `t_p`, which agrees with the interval and assumes normal
    differences. A contrast that cannot be tested (a trial diverged, is missing, or nothing varies)
    has NaN and still counts: else what failed would make the rest look surer. `beside` counts the
    tests of the same family that are not among these contrasts.

    Neither test is meant for an arm in which single seeds fail badly beside one in which none does:
    of five such arms that equal the baseline on average, one or more is told apart in 10 to 20 of
    100 studies instead of 5 (`benchmarks/coverage.py`). Look at the seeds.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for one in dict.fromkeys(declared):
        part = frame[(frame["metric"] == one.metric) & frame["seed"].notna()]
        arms, none = by_arm(part), pd.Series(dtype=float)
        pair = (arms.get(one.arm, none), arms.get(one.other, none))
        differences = paired(*pair)
        found = {**one._asdict(), "unpaired": unpaired(*pair), **summary(differences)}
        rows.append(found | {"t_p": t_test(differences)})
    columns = [*Contrast._fields, "n", "unpaired", *SUMMARY[1:], "t_p"]
    table = pd.DataFrame(rows, columns=columns)
    corrected = {
        f"{end}holm": holm(table[f"{end}p"].to_numpy(float), beside=beside) for end in ("", "t_")
    }
    return table.assign(**corrected)


def t_test(differences: Numbers) -> float:
    """The two-sided p of the paired t test, (n,) -> [0, 1]; NaN without a spread."""
    import numpy as np
    from scipy.special import stdtr

    if not spread(differences):
        return float("nan")
    n = len(differences)
    t = differences.mean() / differences.std(ddof=1) * np.sqrt(n)
    return float(2 * stdtr(n - 1, -abs(t)))


def holm(p: Numbers, *, beside: int = 0) -> Numbers:
    """Each p of a family, (k,) -> (k,), so corrected that any is below a level by chance no more
    often than that level, however the tests depend on each other. NaN counts, as the largest, and
    so do `beside` tests of the family whose p is not given.

    Holm, "A simple sequentially rejective multiple test procedure", 1979.
    """
    import numpy as np

    order = np.argsort(p)  # NaN last
    steps = p[order] * (beside + np.arange(len(p), 0, -1))
    found = np.empty(len(p))
    found[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return found
