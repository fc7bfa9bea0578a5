"""Mask R-CNN (arXiv 1703.06870): torchvision's, with the layers of Detectron2's.

Layer by layer, for K classes and maps C2 to C5 of the backbone:

lateral convolutions 1x1, outputs 3x3   as Detectron2 (with biases, without norms)
P6                                      every second pixel of P5, without parameters, as both
region proposals                        one 3x3 convolution, three anchors of one size per level
box head                                two linear layers, as both
class scores                            K + 1, the background first; Detectron2 has it last
boxes                                   4 K outputs as Detectron2; torchvision has 4 (K + 1)
mask head                               four 3x3 convolutions, one transposed 2x2, as both
masks                                   K outputs as Detectron2; torchvision has K + 1
anchors                                 strides 4 to 64 and sides that are not rounded

What still differs in training and evaluation: losses of boxes are smooth L1 with beta 1/9, where
Detectron2 has L1; 2,000 proposals of an image are trained on where Detectron2 has 1,000; regions
are pooled from 2 x 2 points of a bin without the half-pixel shift; targets of masks are pooled from
pixels, where Detectron2 draws the polygons of each box; the layers of the box head start as
PyTorch's linear layers do.
"""

from collections.abc import Mapping, Sequence

from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.faster_rcnn import TwoMLPHead
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads
from torchvision.models.detection.rpn import RPNHead
from torchvision.ops import MultiScaleRoIAlign
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool
from torchvision.ops.poolers import LevelMapper

from study.tasks.detection.models.backbone import MapBackbone
from study.tasks.detection.models.pyramid import (
    RATIOS,
    PyramidBackbone,
    StridedAnchors,
    anchor_sizes,
)
from study.tasks.detection.models.sampling import SeededSampler
from study.tasks.detection.models.transform import Padding, Size
from study.tasks.detection.schema import DetectorKeys

STRIDES = (4, 8, 16, 32, 64)
POOLED = (4, 8, 16, 32)  # strides of the levels that regions are pooled from
BOX, MASK = 7, 14  # sides of a pooled region, in bins
COUNTED = 1000
"""Regions per image of the counted box head: the proposals that are evaluated."""
COUNTED_MASKS = 100
"""Regions per image of the counted mask head: the detections that are kept."""


class BoxPredictor(nn.Module):
    """Scores and box offsets of regions, (N, C) -> (N, K + 1), (N, 4 (K + 1)).

    The offsets of the background, which no loss and no detection reads, are zeros.
    """

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.cls_score = nn.Linear(channels, classes + 1)
        self.bbox_pred = nn.Linear(channels, 4 * classes)
        # Detectron2's start.
        for layer, deviation in ((self.cls_score, 0.01), (self.bbox_pred, 0.001)):
            nn.init.normal_(layer.weight, std=deviation)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.cls_score(x), functional.pad(self.bbox_pred(x), (4, 0))


class MaskPredictor(nn.Module):
    """Masks of regions, (N, C, S, S) -> (N, K + 1, 2 S, 2 S); zeros for the background."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.upsampling = nn.ConvTranspose2d(channels, channels, 2, 2)
        self.logits = nn.Conv2d(channels, classes, 1)
        # Detectron2's start.
        nn.init.kaiming_normal_(self.upsampling.weight, mode="fan_out", nonlinearity="relu")
        nn.init.normal_(self.logits.weight, std=0.001)
        for layer in (self.upsampling, self.logits):
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.upsampling(x))  # (N, C, 2 S, 2 S)
        return functional.pad(self.logits(x), (0, 0, 0, 0, 1, 0))  # (N, K + 1, 2 S, 2 S)


class TwoStage(MaskRCNN):  # type: ignore[misc]
    """Mask R-CNN whose samples depend on an image's seed; see `Detector` for calls."""

    def __init__(self, backbone: PyramidBackbone, keys: DetectorKeys, classes: int) -> None:
        channels, hidden = backbone.out_channels, keys.hidden
        sizes = anchor_sizes(keys.anchor, len(STRIDES))
        # A region as large as seven of the smallest anchors lies on the third level, as in COCO.
        canonical = 7 * keys.anchor
        super().__init__(
            backbone,
            rpn_anchor_generator=StridedAnchors(sizes, STRIDES),
            rpn_head=RPNHead(channels, len(RATIOS)),
            box_roi_pool=_pooling(BOX, canonical),
            box_head=TwoMLPHead(channels * BOX**2, hidden),
            box_predictor=BoxPredictor(hidden, classes),
            mask_roi_pool=_pooling(MASK, canonical),
            mask_head=MaskRCNNHeads(channels, (channels,) * 4, 1),
            mask_predictor=MaskPredictor(channels, classes),
        )
        self.transform = Padding()
        self.rpn.fg_bg_sampler = SeededSampler(256, 0.5)
        self.roi_heads.fg_bg_sampler = SeededSampler(keys.rois, 0.25)

    def prepare(self, least: Size, seeds: Sequence[int]) -> None:
        self.transform.least = least
        self.rpn.fg_bg_sampler.seeds = self.roi_heads.fg_bg_sampler.seeds = seeds

    def counts(self, images: int) -> Mapping[str, int]:
        anchors, regions = self.rpn.fg_bg_sampler, self.roi_heads.fg_bg_sampler
        return {
            "loss_objectness": anchors.sampled,
            "loss_rpn_box_reg": anchors.sampled,
            "loss_classifier": regions.sampled,
            "loss_box_reg": regions.sampled,
            "loss_mask": regions.positive,
        }

    def dense(self, x: Tensor) -> list[Tensor]:
        levels = self.backbone(x)
        # Every level, which is what an image of this size always costs.
        objectness, deltas = self.rpn.head(list(levels.values()))
        heads, finest = self.roi_heads, next(iter(levels.values()))
        # A corner of the finest map in place of each region: the cost depends on no value.
        boxes = _corners(finest, COUNTED, BOX)
        scores, offsets = heads.box_predictor(heads.box_head(boxes))
        masks = heads.mask_predictor(heads.mask_head(_corners(finest, COUNTED_MASKS, MASK)))
        return [*objectness, *deltas, scores, offsets, masks]


def _corners(level: Tensor, count: int, side: int) -> Tensor:
    """(1, C, H, W) -> (count, C, side, side), padded with zeros where the level is smaller."""
    more = [max(0, side - size) for size in level.shape[:1:-1]]
    corner = functional.pad(level, (0, more[0], 0, more[1]))[..., :side, :side]
    return corner.expand(count, -1, -1, -1)


def _pooling(side: int, canonical: float) -> MultiScaleRoIAlign:
    """Pooling of regions, at the true strides of the levels.

    torchvision infers strides from the first batch, and from images without their padding, which
    for images of a few dozen pixels gives wrong ones.
    """
    pool = MultiScaleRoIAlign([*map(str, range(len(POOLED)))], side, 2)
    pool.scales = [1 / stride for stride in POOLED]
    levels = [stride.bit_length() - 1 for stride in POOLED]  # the logarithm of a power of two
    pool.map_levels = LevelMapper(levels[0], levels[-1], canonical_scale=canonical)
    return pool


def mask_rcnn(maps: MapBackbone, keys: DetectorKeys, classes: int) -> TwoStage:
    """Mask R-CNN on the maps C2 to C5 of a backbone."""
    return TwoStage(PyramidBackbone(maps, keys.channels, LastLevelMaxPool()), keys, classes)
