"""A trial while it runs, as its task sees it, and what the task gives back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from study.errors import StudyError
from study.store.records import EpochRow, ImageFingerprint, TrialRecord
from study.store.store import Store
from study.trial.callbacks import Callbacks
from study.trial.group import Group


@dataclass(frozen=True)
class RunningTrial:
    """A trial that this process runs; several processes may run it together."""

    store: Store
    name: str
    record: TrialRecord
    device: str
    callbacks: Callbacks
    group: Group
    lease: int = 0
    """The number of the attempt; 0 in processes that do not lead."""
    jobs: Iterable[Path] = ()
    """Folders of jobs, one of which has a copy of the code that `Task.copy_code` put there.

    They are looked up as they are read, so by tasks with such code alone.
    """

    @property
    def folder(self) -> Path:
        """The folder of the trial, where an attempt finds what an earlier one left."""
        return self.store.trial(self.name)


class TrialError(StudyError):
    """A trial that failed, with the last lines of output of what it ran."""

    def __init__(self, message: str, log: Sequence[str]) -> None:
        super().__init__(message)
        self.log = [*log]


class NoMetricError(TrialError):
    """A trial that ended well, and left no value of a metric where its study file looks for it."""

    def __init__(self, message: str, log: Sequence[str], metric: str) -> None:
        super().__init__(message, log)
        self.metric = metric


@dataclass(frozen=True)
class Finished:
    """The measurements of a trial that has ended; their names are those of the catalogue."""

    metrics: Mapping[str, float | None] = field(default_factory=dict)
    history: Sequence[EpochRow] = ()
    state: Literal["completed", "diverged", "censored"] = "completed"
    predictions: str = ""
    """The file of predictions in the folder of the trial."""
    log: Sequence[str] = ()
    """The last lines of output, of a trial that did not end well."""
    images: Mapping[str, ImageFingerprint] = field(default_factory=dict)
    """Fingerprints of the images by split, where they are files."""
