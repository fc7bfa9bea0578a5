"""How arms stand in the trade-off of a quality against a cost or speed."""

import operator
from collections.abc import Sequence

from study import stats
from study.analysis.quantities import HasRange
from study.analysis.results import Results
from study.spec.metric import Metric
from study.stats import MetricValue

Point = tuple[float, float]
"""A cost and a quality, in any units."""

FRONT, TIED, BEHIND = "front", "not told apart", "behind"
"""- front: by the means, no arm is at least as good in both metrics and better in one
- behind: another arm costs no more in any round, or by the intervals of both ratios, and its
  quality is better by the interval, corrected for all arms that cost no more
- not told apart: neither
"""


def on_front(points: Sequence[Point], cost: Metric, quality: Metric) -> list[bool]:
    """True for each point than which no other is at least as good in both, and better in one."""
    signs = [1 if metric.better == "higher" else -1 for metric in (cost, quality)]

    def beats(first: Point, second: Point) -> bool:
        ahead = [s * (a - b) for s, a, b in zip(signs, first, second, strict=True)]
        return min(ahead) >= 0 and max(ahead) > 0

    return [not any(beats(other, point) for other in points) for point in points]


def no_dearer(first: HasRange, second: HasRange, cost: Metric) -> bool:
    """True if the first costs no more than the second, by its worst round against the other's best.

    Rounds of a timing session are no replicates, so they allow no test.
    """
    cheap = 1 if cost.better == "higher" else -1
    # NaN, the end of a cost that was counted, is skipped, and the cost itself stands for it.
    worst = min(cheap * end for end in (first.low, first.high, first.value) if end == end)
    best = max(cheap * end for end in (second.low, second.high, second.value) if end == end)
    return bool(worst >= best)


def _costs(results: Results, cost: str) -> dict[str, HasRange]:
    """The cost or speed by arm, a speed that was timed against the baseline as its ratio.

    Medians of a session whose machine slows down have another order than the ratios, which are
    what tables and figures show.
    """
    if ratios := results.ratios.of(cost):
        return {arm: HasRange(*ratio) for arm, ratio in ratios.items()}
    rows = stats.of_metric(results.measurements, cost).dropna(subset="value")
    every = stats.typed_rows(rows, MetricValue)
    return {row.arm: HasRange(row.value, row.low, row.high) for row in every}


def standings(results: Results, quality: str, cost: str) -> dict[str, str]:
    """The standing of every arm that has both metrics; arms that diverged have none."""
    measured = results.measurements
    values = stats.of_metric(measured, quality).pivot(index="seed", columns="arm", values="value")
    costs = _costs(results, cost)
    arms = [arm for arm in costs if arm in values and arm not in results.diverged]
    metrics = results.catalogue[cost], results.catalogue[quality]
    good = 1 if metrics[1].better == "higher" else -1
    hits = results.hits.of(quality)
    samples = {arm: values[arm].dropna() for arm in arms}

    def ahead(first: str, second: str, tests: int) -> bool:
        right = [hits[arm] for arm in (first, second) if arm in hits]
        if (
            len(right) == 2
        ):  # given weights: images are the sample, and more of them right is better
            level = stats.corrected(tests)
            return stats.image_interval(operator.sub, *right, confidence=level)[0] > 0
        how = results.inference
        difference = stats.difference(samples[first], samples[second], how)
        # The family of the correction is all arms that cost no more.
        low, high = stats.sample_interval(difference, how, stats.corrected(tests))
        return (low if good > 0 else -high) > 0

    means = [float(values[arm].dropna().mean()) for arm in arms]
    points = list(zip((costs[arm].value for arm in arms), means, strict=True))
    words = dict[str, str]()
    for arm, first in zip(arms, on_front(points, *metrics), strict=True):
        rivals = [o for o in arms if o != arm and no_dearer(costs[o], costs[arm], metrics[0])]
        clear = not first and any(ahead(other, arm, len(rivals)) for other in rivals)
        words[arm] = FRONT if first else BEHIND if clear else TIED
    return words
