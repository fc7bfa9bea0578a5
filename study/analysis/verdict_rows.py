"""Rows of two frames: the published numbers, and the verdicts on them."""

from typing import NamedTuple


class PublishedRow(NamedTuple):
    """A row of the published numbers that `verdicts` takes."""

    row: str
    arm: str
    metric: str
    value: float
    digits: int
    status: str
    spread: float
    unlike: str


class VerdictRow(NamedTuple):
    """A row of `verdicts`; `published.assess` adds `unlike` and `reason`."""

    row: str
    arm: str
    metric: str
    status: str
    printed: float
    digits: int
    spread: float
    measured: float
    low: float
    high: float
    level: str
    level_why: str
    level_seeds: str
    difference: str
    difference_why: str
    difference_seeds: str
    ranking: str
    ranking_why: str
    ranking_seeds: str
    unlike: str
    reason: str
