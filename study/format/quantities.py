"""Quantities that are printed, by what their text needs to know."""

from typing import Protocol


class Replicates(Protocol):
    """The mean and standard deviation of one value per seed."""

    @property
    def n(self) -> float: ...
    @property
    def mean(self) -> float: ...
    @property
    def sd(self) -> float: ...


class MeanWithRange(Protocol):
    """A mean with the ends of its interval, or the median of a timing with those of its rounds."""

    @property
    def mean(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


class Difference(MeanWithRange, Protocol):
    """A mean difference over `n` pairs, with its interval."""

    @property
    def n(self) -> float: ...
