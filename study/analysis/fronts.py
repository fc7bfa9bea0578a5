"""Pareto fronts of a quality against a cost or speed, by the means."""

from collections.abc import Sequence

from study.metrics import Metric

Point = tuple[float, float]
"""A cost and a quality, in any units."""


def on_front(points: Sequence[Point], cost: Metric, quality: Metric) -> list[bool]:
    """True for each point than which no other is at least as good in both, and better in one."""
    signs = [1 if metric.better == "higher" else -1 for metric in (cost, quality)]

    def beats(first: Point, second: Point) -> bool:
        ahead = [s * (a - b) for s, a, b in zip(signs, first, second, strict=True)]
        return min(ahead) >= 0 and max(ahead) > 0

    return [not any(beats(other, point) for other in points) for point in points]
