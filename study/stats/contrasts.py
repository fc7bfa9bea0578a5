"""Contrasts: differences that a study declares in advance, tested as one family."""

from __future__ import annotations  # pandas is for reports: plans must start without it

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from study.stats.effects import SUMMARY, by_arm, difference, summary, unpaired
from study.stats.independent import Independent
from study.stats.inference import FIXED, Inference, sample_p
from study.stats.seeds_and_images import ImageError, over_images, p_over_images

if TYPE_CHECKING:
    import pandas as pd

    from study.stats.intervals import Numbers


class Contrast(NamedTuple):
    """The difference `arm` - `other` on `metric`."""

    arm: str
    other: str
    metric: str


class TestedContrast(NamedTuple):
    """A row of `contrasts`: a contrast, the `SUMMARY` of its differences, and its p values."""

    arm: str
    other: str
    metric: str
    n: int
    unpaired: int
    mean: float
    sd: float
    low: float
    high: float
    p: float
    smallest_p: float
    t_p: float
    holm: float
    t_holm: float


def contrasts(
    frame: pd.DataFrame,
    declared: Iterable[Contrast],
    *,
    other_tests: int = 0,
    how: Inference = FIXED,
    image_errors: Mapping[Contrast, ImageError] | None = None,
) -> pd.DataFrame:
    """One row per declared contrast: n, `unpaired`, the `SUMMARY`, `holm`, `t_p` and `t_holm`.

    `holm` corrects the sign-flip p, which assumes no shape but cannot be small with few seeds;
    `t_holm` corrects `t_p`, the p of the paired t test, which agrees with the interval and assumes
    normal differences; where `how` pairs nothing it is Welch's, and there is no sign-flip test. A
    contrast that cannot be tested (a trial diverged, is missing, or nothing varies) has NaN and
    still counts in the correction: otherwise a failure would make the others look more
    significant. `other_tests` counts tests of the same family that are not among these. The
    intervals and t tests of contrasts in `image_errors` are over new seeds and new images.

    Neither test suits a comparison where runs of one arm sometimes collapse and runs of the other
    never do: with five such arms that equal the baseline on average, a study declares at least one
    different in 10 to 20 % of cases instead of 5 % (`benchmarks/coverage.py`). Look at the seeds.
    """
    import pandas as pd

    rows: list[dict[str, object]] = []
    # Grouped once: with a grouping per contrast, 200 arms took 40 s.
    measured, empty = frame.dropna(subset="seed"), pd.Series(dtype=float)
    metrics = {str(metric): by_arm(part) for metric, part in measured.groupby("metric")}
    # A contrast that is declared twice is one test of the family.
    for contrast in dict.fromkeys(declared):
        arms = metrics.get(contrast.metric, {})
        pair = (arms.get(contrast.arm, empty), arms.get(contrast.other, empty))
        differences = difference(*pair, how)
        row = {**contrast._asdict(), "unpaired": unpaired(*pair, how)}
        row |= summary(differences, how)
        rows.append(row | _t_test(differences, how, (image_errors or {}).get(contrast)))
    columns = [*Contrast._fields, "n", "unpaired", *SUMMARY[1:], "t_p"]
    table = pd.DataFrame(rows, columns=columns)
    corrected = {
        f"{test}holm": holm(table[f"{test}p"].to_numpy(float), other_tests=other_tests)
        for test in ("", "t_")
    }
    return table.assign(**corrected)


def _t_test(
    differences: Numbers | Independent, how: Inference, error: ImageError | None
) -> dict[str, float]:
    """The p of the t test; with an error due to images also the interval that agrees with it."""
    if error is None or isinstance(differences, Independent):
        return {"t_p": sample_p(differences, how)}
    # Both or neither, since the table says that the test agrees with the interval.
    low, high = over_images(how.interval(differences), error)
    return {"low": low, "high": high, "t_p": p_over_images(differences, error)}


def holm(p: Numbers, *, other_tests: int = 0) -> Numbers:
    """Holm's correction of a family's p, (k,) -> (k,): the error rate of the whole family holds
    however the tests depend on each other.

    NaN counts, as the largest, and so do `other_tests` more tests of the family whose p is unknown.
    Holm, "A simple sequentially rejective multiple test procedure", 1979.
    """
    import numpy as np

    # statsmodels' `multipletests` takes 2.6 s to import and has no place for NaN or `other_tests`.
    order = np.argsort(p)  # NaN last
    # The smallest p times the number of tests, the next times one less, and so on.
    steps = p[order] * (other_tests + np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    # The running maximum keeps adjusted values in the order of the raw ones.
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted
