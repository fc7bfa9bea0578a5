"""Rows of a frame as named tuples with typed fields, and the rows of one arm or metric."""

from __future__ import annotations  # pandas is for reports: plans must start without it

from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    import pandas as pd

Fields = TypeVar("Fields", bound=NamedTuple)


Choices = tuple[int, ...]
"""The index of an arm's level, factor by factor."""


class MetricValue(NamedTuple):
    """A row of a frame of measurements, in base units."""

    arm: str
    metric: str
    seed: int
    """Missing for exact costs and timings: see `DataFrame.dropna(subset="seed")`."""
    value: float
    low: float
    high: float


def typed_rows(frame: pd.DataFrame, kind: type[Fields]) -> list[Fields]:
    """The rows of a frame; `kind` has a field per column that is read, in any order.

    Raises:
        KeyError: a field has no column.
    """
    # Not itertuples(), whose rows have no types that mypy could check.
    columns = [frame[name] for name in kind._fields]
    return [kind._make(row) for row in zip(*columns, strict=True)]


def of_metric(frame: pd.DataFrame, metric: str) -> pd.DataFrame:
    return frame[frame["metric"] == metric]


def of_arm(frame: pd.DataFrame, arm: str) -> pd.DataFrame:
    return frame[frame["arm"] == arm]


def of_arms(frame: pd.DataFrame, arms: Collection[str]) -> pd.DataFrame:
    return frame[frame["arm"].isin(list(arms))]
