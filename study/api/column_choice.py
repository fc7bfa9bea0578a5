"""The columns of a file of results that a table is made of, and what is guessed about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from study.spec.schema.measured import Cell


@dataclass(frozen=True)
class ColumnChoice:
    """The columns of a file of results that make a table."""

    arms: tuple[str, ...]
    metrics: tuple[str, ...]
    seed: str | None = None
    """None: the column `SEED` if there is one; "" pairs nothing."""
    baseline: str = ""
    """The value of the arm that others are compared with; "" for one that is called baseline, or
    that of the first row."""
    better: tuple[str, ...] = ()
    """higher or lower, for all metrics, or METRIC=lower for one."""
    where: Mapping[str, Cell] = field(default_factory=dict)
    """By column the value of the rows that count."""


@dataclass(frozen=True)
class Assumption:
    """A guess in a study in memory that a user may want to change."""

    text: str
    option: str
    """The option of the command line that says it."""

    def __str__(self) -> str:
        return f"{self.text}: see {self.option}"
