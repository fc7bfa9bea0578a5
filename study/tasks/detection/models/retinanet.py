"""RetinaNet (arXiv 1708.02002): torchvision's, with the layers of Detectron2's.

Layer by layer, for K classes and maps C3 to C5 of the backbone:

lateral convolutions 1x1, outputs 3x3    as Detectron2 (with biases, without norms)
P6, P7                                   3x3 convolutions of stride 2; P6 of C5 as Detectron2 (and
                                         torchvision's second version), or with `coarse: p5` of P5
                                         (torchvision's first version)
head                                     four 3x3 convolutions for classes, four for boxes, shared
                                         by the levels, without norms, as both
class scores                             9 K outputs, as Detectron2; torchvision's models of COCO
                                         have 9 * 91, the background and unused numbers among them
anchors                                  three sizes and ratios at each of five levels; strides
                                         8 to 128 and sides that are not rounded, as Detectron2

What still differs in training: the loss of boxes is L1, where Detectron2 has smooth L1 with beta
0.1; both losses are divided by the positive anchors of each image, where Detectron2 divides by a
moving average over batches.
"""

from collections.abc import Mapping, Sequence

from torch import Tensor
from torchvision.models.detection import RetinaNet
from torchvision.models.detection.retinanet import RetinaNetHead

from study.tasks.detection.models.backbone import MapBackbone
from study.tasks.detection.models.pyramid import (
    OCTAVE,
    PyramidBackbone,
    StridedAnchors,
    anchor_sizes,
    coarser_by_convolution,
)
from study.tasks.detection.models.transform import Padding, Size
from study.tasks.detection.schema import DetectorKeys

STRIDES = (8, 16, 32, 64, 128)  # pixels of the image per pixel of a level


class OneStage(RetinaNet):  # type: ignore[misc]
    """RetinaNet, with a score for each of K classes and none for the background.

    Labels are 1 to K, as in torchvision's other detectors. See `Detector` for calls.
    """

    def __init__(self, backbone: PyramidBackbone, anchors: StridedAnchors, classes: int) -> None:
        head = RetinaNetHead(backbone.out_channels, len(OCTAVE) * 3, classes)
        # Detectron2 keeps 100 detections of an image, which is also what COCO evaluates.
        super().__init__(
            backbone, classes, anchor_generator=anchors, head=head, detections_per_img=100
        )
        self.transform = Padding()

    def prepare(self, least: Size, seeds: Sequence[int]) -> None:
        self.transform.least = least  # nothing is sampled: the loss is of all anchors

    def counts(self, images: int) -> Mapping[str, int]:
        return {"classification": images, "bbox_regression": images}

    def dense(self, x: Tensor) -> list[Tensor]:
        levels = list(self.backbone(x).values())
        return list(self.head(levels).values())

    def compute_loss(
        self,
        targets: list[dict[str, Tensor]],
        head_outputs: dict[str, Tensor],
        anchors: list[Tensor],
    ) -> dict[str, Tensor]:
        numbered = [renumbered(target, -1) for target in targets]
        losses: dict[str, Tensor] = super().compute_loss(numbered, head_outputs, anchors)
        return losses

    def postprocess_detections(
        self,
        head_outputs: dict[str, list[Tensor]],
        anchors: list[list[Tensor]],
        image_shapes: list[Size],
    ) -> list[dict[str, Tensor]]:
        results = super().postprocess_detections(head_outputs, anchors, image_shapes)
        return [renumbered(result, 1) for result in results]


def renumbered(of_image: Mapping[str, Tensor], by: int) -> dict[str, Tensor]:
    """The same boxes, with other numbers of classes."""
    return {key: x + by if key == "labels" else x for key, x in of_image.items()}


def retinanet(maps: MapBackbone, keys: DetectorKeys, classes: int) -> OneStage:
    """RetinaNet on the maps C3 to C5 of a backbone."""
    extra = coarser_by_convolution(maps.channels[-1], keys.channels, keys.coarse)
    sizes = anchor_sizes(keys.anchor, len(STRIDES), OCTAVE)
    backbone = PyramidBackbone(maps, keys.channels, extra)
    return OneStage(backbone, StridedAnchors(sizes, STRIDES), classes)
