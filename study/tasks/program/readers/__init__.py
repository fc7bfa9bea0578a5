"""Readers of metrics that programs leave: one function and one line in READERS each.

Contract: reader(places, reading) gives the values of a metric in the order in which they were
written, each with its step where that is known, and none where the source has none or is not there.
It raises ReadingError where the source is there and cannot be read.
"""

from collections.abc import Callable, Iterable

from study.spec.reading import TELL, Reading
from study.tasks.program.readers.csv_files import csv_values
from study.tasks.program.readers.json_files import json_values
from study.tasks.program.readers.output import stdout_values
from study.tasks.program.readers.places import TrialPlaces
from study.tasks.program.readers.reported import reported_values
from study.tasks.program.readers.tensorboard_files import tensorboard_values
from study.tasks.program.readers.trackio_files import trackio_values
from study.tasks.program.readers.wandb_files import wandb_values
from study.tasks.program.trial.series import ReadingError, StepValue

__all__ = ["READERS", "ReadingError", "TrialPlaces"]

READERS: dict[str, Callable[[TrialPlaces, Reading], Iterable[StepValue]]] = {
    TELL: reported_values,
    "stdout": stdout_values,
    "json": json_values,
    "csv": csv_values,
    "tensorboard": tensorboard_values,
    "wandb": wandb_values,
    "trackio": trackio_values,
}
