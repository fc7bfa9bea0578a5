"""The records of this task: what a trial computes, and where its files come from."""

from typing import Self

from pydantic import Field

from study.spec.reading import Reading
from study.store.atomic import Record
from study.store.cost_records import ArmCost
from study.store.fields import Few, Seconds
from study.store.frozen import Frozen
from study.store.records import TrialConfig, TrialRecord


class ReadingRecord(Frozen):
    """A reader of a metric, its source, and the number of values at the end that count."""

    reader: str
    source: str
    key: str
    last: Few = 1

    @property
    def reading(self) -> Reading:
        return Reading(self.reader, self.source, self.key, self.last)


class ProgramKeys(Frozen):
    """The program of a trial: a command or a function, and where its metrics are."""

    run: list[str | int | float | bool] | None = None
    call: str | None = None
    metrics: dict[str, ReadingRecord] = Field({})


class ProgramTrialConfig(TrialConfig):
    """The configuration of a trial that runs a program."""

    program: ProgramKeys
    code: dict[str, str] = Field({})
    """The digest of every file of code."""
    args: Record = Field({})
    env: dict[str, str] = Field({})


class ProgramCost(ArmCost):
    """The cost of a program's model, with the results of building it."""

    named: list[str] = Field([])
    """The arguments that the function takes by their names."""
    unreached: list[str] | None = None
    """Parameters that get no gradient; None if the model could not run, or was not audited."""


class SameModel(Frozen):
    """True if two models have the same cost and the same outputs."""

    same: bool


class ProgramRecord(TrialRecord):
    """The record of a trial that runs a program."""

    config: ProgramTrialConfig
    root: str
    """The folder that code and inputs are in, on this machine."""
    inputs: list[str] = Field([])
    resumes: bool = False
    # Not in the configuration: these change where and how a trial runs, and no number.
    notice: Seconds
    model: str | None = None
    """The function that builds the model; a timing session calls it, and no trial."""
    input: list[Few] = Field([])

    @classmethod
    def of(cls, record: TrialRecord) -> Self:
        return cls.checked(record.plain)
