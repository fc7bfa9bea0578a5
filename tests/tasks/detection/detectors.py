"""Detectors small enough for tests on a CPU, and images for them."""

import torch

from study.tasks.detection.models import build
from study.tasks.detection.schema import DetectorKeys


def small(name, backbone="test_rest", classes=3, **keys):
    """A detector of few channels, with anchors for small objects."""
    of_regions = {"hidden": 16, "rois": 16} if name == "mask_rcnn" else {}
    keys = {"channels": 16, "anchor": 8.0, **of_regions, **keys}
    torch.manual_seed(0)
    return build(DetectorKeys(name=name, backbone=backbone, **keys), classes)


def some_images():
    """Two images of different sizes with their targets; the second has no object."""
    masks = torch.zeros(2, 100, 140, dtype=torch.uint8)
    masks[0, 10:40, 10:40] = masks[1, 50:60, 50:80] = 1
    first = {
        "boxes": torch.tensor([[10.0, 10, 40, 40], [50, 50, 80, 60]]),
        "labels": torch.tensor([1, 3]),
        "masks": masks,
    }
    second = {
        "boxes": torch.zeros(0, 4),
        "labels": torch.zeros(0, dtype=torch.long),
        "masks": torch.zeros(0, 128, 90, dtype=torch.uint8),
    }
    generator = torch.Generator().manual_seed(0)
    images = [torch.rand(3, *size, generator=generator) for size in ((100, 140), (128, 90))]
    return images, [first, second]
