"""Detectors: RetinaNet and Mask R-CNN on any timm backbone that gives maps."""

from study.tasks.detection.models.build import DETECTORS, build

__all__ = ["DETECTORS", "build"]
