"""The schema of a detection study's baseline."""

from study.tasks.detection.schema.data import KINDS, CocoData
from study.tasks.detection.schema.model import DETECTOR_NAMES, DetectorKeys
from study.tasks.detection.schema.recipe import DetectionRecipe, NamedDetectionRecipe
from study.tasks.detection.schema.weights import BackboneWeights

__all__ = [
    "DETECTOR_NAMES",
    "KINDS",
    "BackboneWeights",
    "CocoData",
    "DetectionRecipe",
    "DetectorKeys",
    "NamedDetectionRecipe",
]
