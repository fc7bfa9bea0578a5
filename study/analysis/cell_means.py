"""Means of the combinations of the levels of two factors, averaged over all other factors."""

from collections.abc import Mapping
from itertools import product
from math import nan
from typing import NamedTuple

from study import stats
from study.analysis.analysis import Analysis
from study.analysis.factor_effects import combined
from study.stats.factorial_effects import contrast


class CellMean(NamedTuple):
    """The mean of a combination over `n` seeds, with its interval; NaN if a trial diverged."""

    levels: tuple[int, int]
    n: int
    mean: float
    low: float
    high: float


def cell_means(analysis: Analysis, metric: str, pair: tuple[int, int]) -> list[CellMean]:
    """The means of all combinations of the levels of two factors.

    Empty unless the effects of factors are estimated: see `Analysis.factorial`.
    """
    arms = combined(analysis.plan)
    counts = [range(1 + max(levels[f] for levels in arms.values())) for f in pair if arms]
    return [
        CellMean((first, second), *_mean(analysis, metric, own))
        for first, second in product(*counts)
        if arms
        for own in [_of_levels(arms, dict(zip(pair, (first, second), strict=True)))]
    ]


def _of_levels(arms: Mapping[str, tuple[int, ...]], levels: Mapping[int, int]) -> list[str]:
    return [arm for arm, own in arms.items() if all(own[f] == n for f, n in levels.items())]


def _mean(analysis: Analysis, metric: str, arms: list[str]) -> tuple[int, float, float, float]:
    """The mean of arms within every seed that all of them have."""
    # A cell without one of its arms would be the mean of other levels.
    if any((arm, metric) not in analysis.means for arm in arms):
        return 0, nan, nan, nan
    # The interval of one arm is that of the table.
    if len(arms) == 1:
        mean = analysis.means[arms[0], metric]
        return mean.n, mean.mean, mean.low, mean.high
    part = stats.of_metric(analysis.measurements, metric)
    sample = contrast(part, dict.fromkeys(arms, 1 / len(arms)), analysis.inference)
    # Without pairs the arms of a cell are groups of their own.
    if isinstance(sample, stats.Independent):
        return sample.n, sample.mean, *stats.sample_interval(sample, analysis.inference)
    if not len(sample):
        return 0, nan, nan, nan
    return (
        len(sample),
        float(sample.mean()),
        *analysis.level_interval(analysis.catalogue[metric], sample),
    )
