"""The last values of a program that runs, for those who follow it; a result reads all of them."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from study.errors import StudyError
from study.spec.reading import TELL
from study.store.atomic import write
from study.store.records import EpochRow
from study.tasks.program.readers import READERS
from study.tasks.program.records import ProgramRecord
from study.tasks.program.trial.folder import ProgramFolder
from study.tasks.program.trial.series import Series, history, in_order

FIRST, LAST = 1.0, 10.0  # seconds between two readings, at least; they double
SHARE = 50  # a reading may take one part in so many of the time between two
READ_LIVE = (TELL, "stdout", "csv", "json")
"""Readers of text; the others import large libraries, or files that a program has open."""


@dataclass
class Live:
    """Keeps `latest.json` of a trial up to date."""

    record: ProgramRecord
    folder: ProgramFolder
    clock: Callable[[], float] = time.monotonic
    due: float = 0.0
    wait: float = FIRST

    def update(self) -> None:
        """Read the values so far, unless that was done a moment ago."""
        began = self.clock()
        if began < self.due:
            return
        # A program may be in the middle of a line; whatever is wrong is said at its end.
        with suppress(StudyError, OSError):
            if row := self._row():
                write(self.folder.latest, row.plain)
        took = self.clock() - began
        # The first steps soon, so that it is seen that they are read.
        self.due = self.clock() + max(self.wait, SHARE * took)
        self.wait = min(2 * self.wait, LAST)

    def _row(self) -> EpochRow | None:
        """The newest row of the learning curves so far."""
        rows = history({name: self._series(name) for name in self.record.config.program.metrics})
        return rows[-1] if rows else None

    def _series(self, name: str) -> Series:
        reading = self.record.config.program.metrics[name].reading
        if reading.reader not in READ_LIVE:
            return ()
        return in_order(READERS[reading.reader](self.folder.places, reading))
