"""Metrics in CSV files with a header."""

import csv
from collections.abc import Iterator

from study.spec.reading import Reading
from study.tasks.program.readers.places import TrialPlaces, numbers
from study.tasks.program.trial.series import StepValue

STEPS = ("step", "iteration")
"""Columns that have the step of a row, as Lightning's logger writes them."""


def csv_values(places: TrialPlaces, reading: Reading) -> Iterator[StepValue]:
    """The values of a column; empty cells are left out, as loggers write some rows in parts."""
    for path in places.files(reading.source):
        # Excel begins a file with a byte order mark, which would join the first column.
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            for row in csv.DictReader(file, skipinitialspace=True):
                cell = row.get(reading.key)
                if cell is not None and cell.strip():
                    steps = (row[name] for name in STEPS if (row.get(name) or "").strip())
                    yield from numbers(cell, f"{path.name}: {reading.key}", next(steps, None))
