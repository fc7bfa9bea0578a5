"""What a tracker is told of a trial before its numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Subject:
    study: str
    trial: str
    label: str
    """Of the arm."""
    seed: int
    levels: Mapping[str, str]
    """By the path of each factor the label of the level."""
    config: Mapping[str, Any]
    """All that the trial computes with, by dotted path."""

    @property
    def name(self) -> str:
        return f"{self.label}, seed {self.seed}"
