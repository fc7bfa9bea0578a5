"""The interval of a level, that is of one arm's mean, in contrast to that of a difference."""

from typing import TYPE_CHECKING

from study import stats
from study.spec.metric import Metric

if TYPE_CHECKING:
    from study.stats.intervals import Numbers


def level_interval(
    metric: Metric, sample: "Numbers", ends: tuple[float, float]
) -> tuple[float, float]:
    """The interval of the mean of `sample` (n,) from its t interval `ends`.

    That of a fraction is formed on the logit scale, so that it lies within 0 and 1.
    """
    # A plugin may print in per cent what may be above 1.
    within = metric.is_fraction and bool((sample >= 0).all() and (sample <= 1).all())
    return stats.of_fraction(ends) if within else ends
