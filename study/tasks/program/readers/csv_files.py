"""Metrics in CSV files with a header."""

import csv
from collections.abc import Iterable, Iterator

from study.spec.reading import Reading
from study.tasks.program.readers.places import TrialPlaces, numbers
from study.tasks.program.trial.series import ReadingError, StepValue

STEPS = ("step", "iteration")
"""Columns that have the step of a row, as Lightning's logger writes them."""


def csv_values(places: TrialPlaces, reading: Reading) -> Iterator[StepValue]:
    """The values of a column; empty cells are left out, as loggers write some rows in parts."""
    for path in places.files(reading.source):
        # Excel begins a file with a byte order mark, which would join the first column.
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            for line, row in _rows(file, path.name, (reading.key, *STEPS)):
                cell = row.get(reading.key)
                if cell is not None and cell.strip():
                    steps = (row[name] for name in STEPS if (row.get(name) or "").strip())
                    yield from numbers(
                        cell, f"line {line} of {path.name}: {reading.key}", next(steps, None)
                    )


def _rows(
    file: Iterable[str], name: str, columns: Iterable[str]
) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a file, each with its last line.

    Raises:
        ReadingError: it is no CSV, or one of these columns is there twice.
    """
    reader = csv.DictReader(file, skipinitialspace=True)
    try:
        header = [*(reader.fieldnames or ())]
        if twice := [column for column in columns if header.count(column) > 1]:
            raise ReadingError(f"{name} has the column {twice[0]} twice")
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise ReadingError(f"line {reader.line_num + 1} of {name}: {error}") from None
