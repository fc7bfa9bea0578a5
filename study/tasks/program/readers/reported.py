"""Metrics that a program reports itself: lines of JSON in STUDY_METRICS, as study.tell writes."""

from collections.abc import Iterator

from study.spec.reading import Reading
from study.tasks.program.readers.json_files import rows
from study.tasks.program.readers.places import TrialPlaces, numbers
from study.tasks.program.trial.series import StepValue


def reported_values(places: TrialPlaces, reading: Reading) -> Iterator[StepValue]:
    """The values under the metric's name."""
    if not places.metrics.exists():
        return
    for line, row in rows(places.metrics):
        # A program may report metrics one by one, each in a line of its own.
        if reading.key in row:
            where = f"line {line} of STUDY_METRICS: {reading.key}"
            yield from numbers(row[reading.key], where, row.get("step"))
