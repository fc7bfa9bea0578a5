"""How arms stand in the trade-off of a quality against a cost or speed."""

import operator
from collections.abc import Sequence

from study import stats
from study.analysis.results import Results
from study.spec.metric import Metric
from study.stats import MetricValue

Point = tuple[float, float]
"""A cost and a quality, in any units."""

FRONT, TIED, BEHIND = "front", "not told apart", "behind"
"""- front: by the means, no arm is at least as good in both metrics and better in one
- behind: another arm costs no more in any round, and its quality is better by the interval,
  corrected for all arms that cost no more
- not told apart: neither
"""


def on_front(points: Sequence[Point], cost: Metric, quality: Metric) -> list[bool]:
    """True for each point than which no other is at least as good in both, and better in one."""
    signs = [1 if metric.better == "higher" else -1 for metric in (cost, quality)]

    def beats(first: Point, second: Point) -> bool:
        ahead = [s * (a - b) for s, a, b in zip(signs, first, second, strict=True)]
        return min(ahead) >= 0 and max(ahead) > 0

    return [not any(beats(other, point) for other in points) for point in points]


def standings(results: Results, quality: str, cost: str) -> dict[str, str]:
    """The standing of every arm that has both metrics; arms that diverged have none."""
    measured = results.measurements
    values = stats.of_metric(measured, quality).pivot(index="seed", columns="arm", values="value")
    costs = stats.typed_rows(stats.of_metric(measured, cost).dropna(subset="value"), MetricValue)
    arms = [row for row in costs if row.arm in values and row.arm not in results.diverged]
    metrics = results.catalogue[cost], results.catalogue[quality]
    cheap, good = (1 if metric.better == "higher" else -1 for metric in metrics)

    # Costs are compared by the worst round of one arm against the best of the other: rounds of a
    # timing session are no replicates, so they allow no test.
    def no_dearer(first: MetricValue, second: MetricValue) -> bool:
        # NaN, the end of a cost that was counted, is skipped, and the cost itself stands for it.
        worst = min(cheap * end for end in (first.low, first.high, first.value) if end == end)
        best = max(cheap * end for end in (second.low, second.high, second.value) if end == end)
        return bool(worst >= best)

    hits = results.hits.of(quality)
    samples = {row.arm: values[row.arm].dropna() for row in arms}

    def ahead(first: MetricValue, second: MetricValue, tests: int) -> bool:
        right = [hits[row.arm] for row in (first, second) if row.arm in hits]
        if (
            len(right) == 2
        ):  # given weights: images are the sample, and more of them right is better
            level = stats.corrected(tests)
            return stats.image_interval(operator.sub, *right, confidence=level)[0] > 0
        how = results.inference
        difference = stats.difference(samples[first.arm], samples[second.arm], how)
        # The family of the correction is all arms that cost no more.
        low, high = stats.sample_interval(difference, how, stats.corrected(tests))
        return (low if good > 0 else -high) > 0

    means = [float(values[row.arm].dropna().mean()) for row in arms]
    points = list(zip((row.value for row in arms), means, strict=True))
    words = dict[str, str]()
    for row, first in zip(arms, on_front(points, *metrics), strict=True):
        rivals = [other for other in arms if other is not row and no_dearer(other, row)]
        clear = not first and any(ahead(other, row, len(rivals)) for other in rivals)
        words[row.arm] = FRONT if first else BEHIND if clear else TIED
    return words
