"""Images as a detector takes them, and its detections in the pixels of the original images."""

from collections.abc import Mapping, Sequence

import torch
from timm.data import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from torch import Tensor
from torchvision.models.detection.roi_heads import paste_masks_in_image
from torchvision.models.detection.transform import GeneralizedRCNNTransform, resize_boxes

DIVISOR = 32
"""Sides of a batch are padded to a multiple of this: the coarsest map of a backbone."""

Size = tuple[int, int]
"""Height and width in pixels."""


class Padding(GeneralizedRCNNTransform):  # type: ignore[misc]
    """Normalises images and pads them to a batch; they are resized already.

    A batch is at least `least` pixels high and wide: several processes that share a batch pad to
    one size, since the results of a padded image depend on it.
    """

    def __init__(self) -> None:
        # The two sizes are not used, as `resize` does nothing.
        super().__init__(1, 1, [*IMAGENET_DEFAULT_MEAN], [*IMAGENET_DEFAULT_STD], DIVISOR)
        self.least: Size = (0, 0)

    def resize(self, image: Tensor, target: object = None) -> tuple[Tensor, object]:
        return image, target

    def batch_images(self, images: list[Tensor], size_divisible: int = DIVISOR) -> Tensor:
        height, width = padded([(x.shape[-2], x.shape[-1]) for x in images], self.least)
        batch = images[0].new_zeros(len(images), images[0].shape[0], height, width)
        for number, x in enumerate(images):
            batch[number, :, : x.shape[-2], : x.shape[-1]] = x
        return batch  # (B, 3, H, W)

    def postprocess(
        self, result: list[dict[str, Tensor]], image_shapes: object, original_image_sizes: object
    ) -> list[dict[str, Tensor]]:
        # In pixels of the resized image, and masks in those of their boxes: see `in_original`.
        return result


def padded(sizes: Sequence[Size], least: Size = (0, 0)) -> Size:
    """The size of a batch of images of these sizes."""
    sides = zip(*sizes, least, strict=True)
    height, width = (-(-max(side) // DIVISOR) * DIVISOR for side in sides)
    return height, width


def in_original(result: Mapping[str, Tensor], size: Size, original: Size) -> dict[str, Tensor]:
    """Detections of an image of `size` in the pixels of the image that it was resized from.

    Boxes are (N, 4) as x1, y1, x2, y2; masks, if there are any, bool (N, H, W).
    """
    boxes = resize_boxes(result["boxes"], size, original)
    detections = {**result, "boxes": boxes}
    if (masks := result.get("masks")) is not None:
        # Detectron2 thresholds the pasted mask at 0.5 as well.
        detections |= {"masks": paste_masks_in_image(masks, boxes, original)[:, 0] > 0.5}
    return {name: torch.as_tensor(value).cpu() for name, value in detections.items()}
