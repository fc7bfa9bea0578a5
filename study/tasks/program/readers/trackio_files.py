"""Metrics in the databases of trackio, one for each project."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

from study.spec.reading import Reading
from study.tasks.program.readers.json_files import ABSENT, at, mapping, parsed
from study.tasks.program.readers.places import TrialPlaces, numbers
from study.tasks.program.trial.series import ReadingError, StepValue

QUERY = "SELECT step, metrics FROM metrics ORDER BY id"  # steps of a later run begin at 0 again


def trackio_values(places: TrialPlaces, reading: Reading) -> Iterator[StepValue]:
    """The values of a metric in all projects below a folder, which TRACKIO_DIR names."""
    for path in places.files(reading.source, "*.db"):
        try:
            # Read-only, so that no journal is written beside it.
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
                rows = database.execute(QUERY).fetchall()
        except sqlite3.Error as error:
            raise ReadingError(f"{path.name} is no database of trackio: {error}") from None
        # Text or bytes, as json reads both.
        for step, metrics in rows:
            where = f"a row of {path.name}"
            value = at(mapping(parsed(metrics, where), where), reading.key)
            if value is not ABSENT:
                yield from numbers(value, f"{path.name}: {reading.key}", step)
