"""The metrics of a study that trains classifiers."""

from study.tasks.classification.task import TASK

METRICS = TASK.catalogue
