"""The description of a trial that a tracker receives before its numbers."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Subject:
    """A trial as a tracker shows it: names, seed, levels and configuration."""

    study: str
    trial: str
    label: str
    """The arm's label."""
    seed: int
    levels: Mapping[str, str]
    """The level's label by the path of each factor."""
    config: Mapping[str, object]
    """The whole resolved configuration, by dotted path."""

    @property
    def name(self) -> str:
        return f"{self.label}, seed {self.seed}"
