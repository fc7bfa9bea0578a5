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
    """The columns of a row of `verdicts` that reports read; `published.assess` adds `unlike`."""

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
    unlike: str
