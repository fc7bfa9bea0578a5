"""Differences over new seeds and new images, of arms whose predictions are kept."""

from collections.abc import Iterable, Mapping

import pandas as pd

from study import stats
from study.analysis.outcomes import image_error
from study.analysis.results import Results
from study.stats import Contrast, SeedsAndImages


def image_errors(results: Results, pairs: Iterable[Contrast]) -> dict[Contrast, stats.ImageError]:
    """The errors due to images of those pairs of arms that have predictions of the same images."""
    seeds = _seeds(results.measurements)
    known = dict[Contrast, stats.ImageError]()
    for pair in pairs:
        # Other images, as where a factor changes the data, are no sample that both arms share.
        first, second = (results.outcomes.of(arm, pair.metric) for arm in pair[:2])
        ours, theirs = (seeds.get((arm, pair.metric), []) for arm in pair[:2])
        common = frozenset(theirs)
        error = image_error(first, second, [seed for seed in ours if seed in common])
        if error is not None:
            known[pair] = error
    return known


def _seeds(measurements: pd.DataFrame) -> dict[tuple[str, str], list[int]]:
    """The seeds of every arm and metric."""
    seeds = dict[tuple[str, str], list[int]]()
    for row in stats.typed_rows(measurements.dropna(subset="seed"), stats.MetricValue):
        seeds.setdefault((row.arm, row.metric), []).append(int(row.seed))
    return seeds


def generalising(
    results: Results, effects: Mapping[tuple[str, str], stats.Effect]
) -> dict[tuple[str, str], SeedsAndImages]:
    """The effects with their intervals over new seeds and new images by (arm, metric).

    Effects without an interval over seeds, and those of arms without predictions, are absent.
    """
    base = results.plan.baseline.digest
    # NaN, no interval, is unequal to itself.
    rows = {Contrast(arm, base, m): row for (arm, m), row in effects.items() if row.low == row.low}
    return {
        (pair.arm, pair.metric): _widened(rows[pair], error)
        for pair, error in image_errors(results, rows).items()
    }


def _widened(row: stats.Effect, error: stats.ImageError) -> SeedsAndImages:
    ends = stats.over_images((row.low, row.high), error)
    return SeedsAndImages(row.n, error.images, row.mean, *ends)
