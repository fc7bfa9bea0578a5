"""The feature pyramid of a detector (FPN, arXiv 1612.03144), and anchors with fixed strides."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import FeaturePyramidNetwork
from torchvision.ops.feature_pyramid_network import ExtraFPNBlock, LastLevelP6P7

from study.tasks.detection.models.backbone import MapBackbone

RATIOS = (0.5, 1.0, 2.0)  # height by width of anchors
OCTAVE = (1.0, 2 ** (1 / 3), 2 ** (2 / 3))  # RetinaNet's three sizes of anchors at a level


class PyramidBackbone(nn.Module):
    """A backbone with its pyramid, (B, 3, H, W) -> {level: (B, channels, H/r, W/r)}.

    Levels are named "0", "1", ... from the finest, as torchvision's pooling of regions asks for.
    """

    def __init__(self, maps: MapBackbone, channels: int, extra: ExtraFPNBlock) -> None:
        super().__init__()
        self.maps = maps
        self.out_channels = channels
        self.fpn = FeaturePyramidNetwork(maps.channels, channels, extra)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        maps = {str(level): x for level, x in enumerate(self.maps(x))}
        levels: dict[str, Tensor] = self.fpn(maps)
        return levels


def coarser_by_convolution(channels: int, width: int, source: str) -> ExtraFPNBlock:
    """RetinaNet's levels P6 and P7 from C5, the backbone's last map, or from P5, the pyramid's."""
    extra = LastLevelP6P7(channels if source == "c5" else width, width)
    # torchvision takes P5 whenever the two have equal channels.
    extra.use_P5 = source == "p5"
    return extra


class StridedAnchors(AnchorGenerator):  # type: ignore[misc]
    """Anchors of levels whose strides are given, in pixels.

    torchvision divides the padded image by the map instead: at 800 px a map of 13 pixels gets a
    stride of 61 where Detectron2 has 64. It also rounds the sides of anchors, which is left out.
    """

    def __init__(self, sizes: Sequence[Sequence[float]], strides: Sequence[int]) -> None:
        self.strides = strides
        super().__init__(tuple(map(tuple, sizes)), (RATIOS,) * len(sizes))

    def generate_anchors(
        self,
        scales: Sequence[float],
        aspect_ratios: Sequence[float],
        dtype: torch.dtype = torch.float32,
        device: torch.device = torch.device("cpu"),  # noqa: B008  (as in torchvision)
    ) -> Tensor:
        """Anchors around the origin, (ratios * sizes, 4) as x1, y1, x2, y2."""
        sides = [
            (size / math.sqrt(ratio), size * math.sqrt(ratio))
            for ratio in aspect_ratios
            for size in scales
        ]
        rows = [(-w / 2, -h / 2, w / 2, h / 2) for w, h in sides]
        return torch.tensor(rows, dtype=dtype, device=device)

    def forward(self, image_list: ImageList, feature_maps: list[Tensor]) -> list[Tensor]:
        first = feature_maps[0]
        strides = [[torch.tensor(s, device=first.device)] * 2 for s in self.strides]
        self.set_cell_anchors(first.dtype, first.device)
        grids = [list(level.shape[-2:]) for level in feature_maps]
        anchors = torch.cat(self.grid_anchors(grids, strides))
        return [anchors for _ in image_list.image_sizes]


def anchor_sizes(
    smallest: float, levels: int, octave: Sequence[float] = (1.0,)
) -> list[list[float]]:
    """Sizes of anchors by level, in pixels; they double from level to level."""
    return [[smallest * 2**level * part for part in octave] for level in range(levels)]
