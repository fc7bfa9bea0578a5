"""Images, boxes and masks at another size and flipped, all alike."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image


class ImageLook(NamedTuple):
    """How an image is shown: its height and width, and if it is flipped."""

    height: int
    width: int
    flip: bool


def target_size(size: tuple[int, int], shorter: int, longest: int) -> tuple[int, int]:
    """Height and width with a shorter side of `shorter`, or less where the longer is bounded.

    As in Detectron2's ResizeShortestEdge, rounded to the nearest pixel.
    """
    scale = min(shorter / min(size), longest / max(size))
    height, width = (max(1, int(side * scale + 0.5)) for side in size)
    return height, width


def image_at(image: NDArray[np.uint8], look: ImageLook) -> NDArray[np.uint8]:
    """(H, W, 3) -> (h, w, 3), with Pillow's bilinear filter, which averages when it reduces."""
    if image.shape[:2] != (look.height, look.width):
        resized = Image.fromarray(image).resize(
            (look.width, look.height), Image.Resampling.BILINEAR
        )
        image = np.asarray(resized)
    return image[:, ::-1] if look.flip else image


def boxes_at(
    boxes: NDArray[np.float32], size: tuple[int, int], look: ImageLook
) -> NDArray[np.float32]:
    """(N, 4) x1, y1, x2, y2 of an image of this height and width, at the look."""
    scale = np.array([look.width / size[1], look.height / size[0]] * 2)
    # Not by the ratio of the shorter sides: both sides were rounded.
    scaled: NDArray[np.float64] = boxes * scale
    if look.flip:
        # The right edge becomes the left one.
        scaled[:, [0, 2]] = look.width - scaled[:, [2, 0]]
    return np.asarray(scaled, np.float32)


def masks_at(masks: NDArray[np.bool_], look: ImageLook) -> NDArray[np.bool_]:
    """(N, H, W) -> (N, h, w): the pixel whose centre is nearest, so that a mask stays a mask."""
    rows, columns = (
        # The centre of pixel i lies at i + 1/2; in whole numbers, as a centre may lie on an edge.
        (2 * np.arange(after) + 1) * before // (2 * after)
        for after, before in zip((look.height, look.width), masks.shape[1:], strict=True)
    )
    if look.flip:
        columns = columns[::-1]
    shown: NDArray[np.bool_] = masks[:, rows[:, None], columns]
    return shown
