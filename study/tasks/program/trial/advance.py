"""The advance of a program that exits with "saved, call me again": one without any is not called
for ever."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from study.spec.reading import Reading
from study.tasks.program.readers import READERS, ReadingError
from study.tasks.program.trial.folder import ProgramFolder
from study.tasks.program.trial.process import Usage

IDLE_CALLS = 3  # in a row that give no value and change no file
SHORT_CALLS = 50  # in a row that give no value, and end within SHORT
SHORT = 5.0  # seconds, in which few programs can load what they have saved and go on


@dataclass
class Advance:
    """Attempts at a trial, one after the other, with the values and files that each has added."""

    folder: ProgramFolder
    readings: Iterable[Reading]
    _values: int = 0
    _files: int = 0
    _idle: int = 0
    _short: int = 0

    def lack(self, ended: Usage) -> str:
        """A message if the attempts until this one, which has ended, do not advance, or ""."""
        values, files = hash(self._metrics()), hash(self._work())
        new = values != self._values
        self._idle = 0 if new or files != self._files else self._idle + 1
        # A new log file in each attempt, of a program that does nothing else, is no advance.
        self._short = 0 if new or ended.seconds >= SHORT else self._short + 1
        self._values, self._files = values, files
        if self._idle >= IDLE_CALLS:
            return f"{self._idle + 1} times in a row without a new value, or a file that changed"
        if self._short >= SHORT_CALLS:
            return f"{self._short} times in a row within {SHORT:g} s, without a new value"
        return ""

    def _metrics(self) -> tuple[object, ...]:
        """All values that were reported or printed, each once; other output is none."""
        lines = frozenset[bytes]()
        with suppress(OSError):
            lines = frozenset(self.folder.metrics.read_bytes().splitlines())
        printed = set[tuple[object, str]]()
        for reading in self.readings:
            # An expression that is wrong is reported when the program has ended.
            with suppress(ReadingError, OSError):
                if reading.reader == "stdout":
                    for value in READERS[reading.reader](self.folder.places, reading):
                        printed.add((value.step, str(value.value)))  # NaN equals no NaN
        return lines, frozenset(printed)

    def _work(self) -> tuple[object, ...]:
        """The files of STUDY_FOLDER; not what links lead to, which may be large folders of data."""
        known = [path.lstat() for path in self.folder.work.rglob("*") if path.exists()]
        return tuple(sorted((status.st_mtime_ns, status.st_size) for status in known))
