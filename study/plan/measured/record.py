"""The results of a study that trains nothing, as a plan and a report see them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from study.spec.study import Choices
from study.store.records import Result
from study.tasks.arms import ResolvedArm, Trial

Key = tuple[Choices, int]
"""An arm by its levels, and a seed, or the number of a row of the arm without seeds."""
Values = Mapping[str, float | None]
"""Measurements in base units by metric, None where they are not finite."""


@dataclass(frozen=True)
class MeasuredResults:
    """The results that a study takes from a file."""

    name: str
    """The file as the study names it."""
    digest: str
    metrics: tuple[str, ...]
    """The qualities that the file has."""
    seeds: tuple[int, ...]
    paired: bool
    """False without a column of seeds: the rows of an arm are replicates without partners."""
    values: Mapping[Key, Values]
    notes: tuple[str, ...] = ()
    """Notes on what the file lacks, and on rows that the study leaves out."""

    @property
    def source(self) -> str:
        """The file and its digest: "runs.csv (sha256 1a2b3c4d5e)"."""
        return f"{self.name} (sha256 {self.digest})"

    def trials(self, arm: ResolvedArm) -> tuple[Trial, ...]:
        """The trials of an arm that the file has."""
        own = [(s, self.values.get((arm.arm.choices, s))) for s in self.seeds]
        return tuple(self._trial(arm, seed, values) for seed, values in own if values is not None)

    def _trial(self, arm: ResolvedArm, seed: int, values: Values) -> Trial:
        # With the digest of the file: it is no name of a trial that was run.
        name = f"{self.digest}-{arm.digest}-{seed}"
        # One number that is not finite: the run diverged, whatever its other numbers are.
        diverged = None in values.values()
        metrics = dict.fromkeys(values) if diverged else dict(values)
        state: Literal["diverged", "completed"] = "diverged" if diverged else "completed"
        result = Result(format=1, trial=name, state=state, config=arm.config, metrics=metrics)
        return Trial(name, seed, state, imported=result)
