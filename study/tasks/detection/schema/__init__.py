"""The schema of a detection study's baseline."""

from study.tasks.detection.schema.data import CocoData
from study.tasks.detection.schema.model import DETECTOR_NAMES, DetectorKeys

__all__ = ["DETECTOR_NAMES", "CocoData", "DetectorKeys"]
