"""The images of arrays, held in memory at the model's input size."""

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from study.tasks.classification.data import arrays
from study.tasks.classification.data.array_listing import ArraySplit
from study.tasks.classification.data.in_memory import InMemoryImages
from study.tasks.classification.schema import Data


def held_images(split: ArraySplit, data: Data, workers: int) -> InMemoryImages:
    """The images of a split at img_size: bytes (N, C, H, W), resized with Pillow's bicubic."""
    name, _ = arrays.names(split.how.half, split.how.share)
    # Read whole, also for a drawn split: an .npz cannot be mapped into memory.
    images = arrays.loaded(split.place, name)[split.indices]
    images = images.reshape(*images.shape[:3], -1)  # (N, H, W, C)
    if data.in_chans == 1 and images.shape[3] == 3:
        # Pillow's grey: the luma of ITU-R 601-2, not the mean of the channels.
        images = np.stack([np.asarray(Image.fromarray(x).convert("L")) for x in images])[..., None]
    planes = np.moveaxis(images, 3, 1)  # (N, C, H, W)
    if planes.shape[2:] != data.sides:
        planes = np.stack([_resized(image, *data.sides) for image in planes])
    # moveaxis gives a view, whose memory is still (N, H, W, C).
    pixels = torch.from_numpy(np.ascontiguousarray(planes))
    targets = torch.from_numpy(split.labels[split.indices])
    return InMemoryImages(pixels, targets.float() if split.how.several else targets, data, workers)


def _resized(planes: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """The planes of an image at another size."""
    # Channel by channel, as Pillow has no mode for most numbers of channels.
    resized = (
        Image.fromarray(plane).resize((width, height), Image.Resampling.BICUBIC) for plane in planes
    )
    return np.stack([np.asarray(plane) for plane in resized])
