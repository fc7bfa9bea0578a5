"""The metrics of a study that trains classifiers."""

from study.metrics import catalogue
from study.metrics.quality import QUALITIES

METRICS = catalogue(QUALITIES)
