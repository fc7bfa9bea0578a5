"""The place where a trial of a user's program leaves a metric."""

from dataclasses import dataclass

TELL = "tell"
"""The reader of metrics that a program reports itself, by `study.tell` or in STUDY_METRICS."""


@dataclass(frozen=True)
class Reading:
    """A reader, its source, and the values that count."""

    reader: str
    source: str
    """The file in the folder of the trial, or a regular expression."""
    key: str
    """The name of the value in the source."""
    last: int = 1
    """The number of values at the end whose mean is the metric."""
