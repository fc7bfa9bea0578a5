"""Words that charts of the page and printed figures share."""

from collections.abc import Iterable
from typing import Protocol

from study import format
from study.report.contents import Report


class Counted(Protocol):
    """A mean of `n` seeds."""

    @property
    def n(self) -> int: ...


def interval(report: Report, means: Iterable[Counted]) -> str:
    """The name of the intervals of means, with how many seeds they are of."""
    name = report.analysis.inference.name
    counts = {int(mean.n) for mean in means if mean.n == mean.n}
    # Arms of given weights are compared by image.
    if report.plan.evaluates_given_weights or not counts:
        return name
    low, high = min(counts), max(counts)
    return f"{name}, {format.many(high, 'seed') if low == high else f'{low} to {high} seeds'}"
