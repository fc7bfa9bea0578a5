"""Build a detector from the keys of `model`, and the part of it whose cost is counted."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import cast

import torch
from torch import Tensor, nn

from study.tasks.detection.models import backbone as backbones
from study.tasks.detection.models.backbone import MapBackbone
from study.tasks.detection.models.detector import Detector
from study.tasks.detection.models.mask_rcnn import mask_rcnn
from study.tasks.detection.models.retinanet import retinanet
from study.tasks.detection.schema import DetectorKeys

INNER = "backbone.maps.body"
"""The path of the timm model inside a detector."""


def inner(detector: nn.Module) -> nn.Module:
    """The timm model inside a detector."""
    return detector.get_submodule(INNER)


def build(
    keys: DetectorKeys, classes: int, *, device: torch.device | str | None = None
) -> nn.Module:
    """The detector for so many classes, without the background, with random weights.

    Raises:
        BuildError: the backbone does not exist, gives no maps, or does not take an argument.
    """
    # A context, since torchvision's constructors take no device.
    with torch.device(device) if device is not None else nullcontext():
        name = keys.backbone_name
        body = backbones.classifier(name, keys.arguments, device=device)
        backbones.refuse_mapless(name, body, keys.reductions)
        maps = MapBackbone(
            body,
            keys.reductions,
            norm=keys.norm,
            frozen_stages=keys.frozen_stages,
            frozen_batch_norm=keys.frozen_batch_norm,
        )
        return DETECTORS[keys.name](maps, keys, classes)


class DenseLayers(nn.Module):
    """A detector up to the choice of boxes, whose cost is the same for all images of a size.

    (1, 3, H, W) -> the outputs of all heads. The head on regions has as many as `mask_rcnn` states.
    """

    def __init__(self, detector: nn.Module) -> None:
        super().__init__()
        self.detector = detector
        rows = cast(Detector, detector).backbone.maps.rows
        # As timm lists its maps, so that the cost is divided by stage; the rest is the head's.
        self.feature_info = [
            {"reduction": row.reduction, "module": f"detector.{INNER}.{row.module}"} for row in rows
        ]

    def forward(self, x: Tensor) -> list[Tensor]:
        return cast(Detector, self.detector).dense(x)


DETECTORS: dict[str, Callable[[MapBackbone, DetectorKeys, int], nn.Module]] = {
    "retinanet": retinanet,
    "mask_rcnn": mask_rcnn,
}
"""Detectors by name: (maps, keys, classes) -> the detector; see `detector.Detector`."""
