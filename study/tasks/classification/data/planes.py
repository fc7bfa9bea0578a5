"""Images of channel counts that Pillow has no mode for, as one grey image for each channel."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image


@dataclass(frozen=True)
class Planes:
    """The channels of one image; its methods are those of Pillow's images that crops use."""

    planes: tuple[Image.Image, ...]  # of mode L, 8 bits

    @staticmethod
    def of(pixels: NDArray[np.uint8]) -> "Planes":
        """From bytes (C, H, W)."""
        return Planes(tuple(map(Image.fromarray, pixels)))

    @property
    def size(self) -> tuple[int, int]:
        return self.planes[0].size  # (width, height), as of an image of Pillow

    def crop(self, box: tuple[int, int, int, int]) -> "Planes":
        return Planes(tuple(plane.crop(box) for plane in self.planes))

    def resize(self, size: tuple[int, int], resample: Image.Resampling) -> "Planes":
        return Planes(tuple(plane.resize(size, resample) for plane in self.planes))

    def transpose(self, method: Image.Transpose) -> "Planes":
        return Planes(tuple(plane.transpose(method) for plane in self.planes))


Picture = Image.Image | Planes
