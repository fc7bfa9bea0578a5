"""The images of one split with their objects, in memory or in files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from study.errors import DataError
from study.tasks.detection.data.annotations import Annotations, Category, Ints, Objects
from study.text import path_text

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class DetectionImages:
    """One split, read once; worker processes share its arrays."""

    annotations: Annotations
    folder: Path | None
    """The folder of the files, or None for images in memory."""
    pixels: Sequence[Pixels] = ()
    """(H, W, 3) of every image, for images in memory."""

    @property
    def categories(self) -> tuple[Category, ...]:
        return self.annotations.categories

    @property
    def ids(self) -> Ints:
        """(I,) the file's ids of the images."""
        return self.annotations.image_ids

    def __len__(self) -> int:
        return len(self.annotations)

    def size(self, index: int) -> tuple[int, int]:
        """Height and width as the annotations state them."""
        height, width = self.annotations.sizes[index]
        return int(height), int(width)

    def image(self, index: int) -> Pixels:
        """(H, W, 3) in RGB.

        Raises:
            DataError: the file is missing, no image, or not of the size that is annotated.
        """
        if self.folder is None:
            return self.pixels[index]
        path = self.folder / self.annotations.name(index)
        try:
            with Image.open(path) as file:
                # COCO has grey images, too. EXIF is not applied: annotations are of stored pixels.
                image = np.asarray(file.convert("RGB"))
        # A bomb is an image of more pixels than Pillow opens, 179 million.
        except (OSError, Image.DecompressionBombError) as error:
            raise DataError(f"{path_text(path)} cannot be read: {error}") from error
        if image.shape[:2] != (size := self.size(index)):
            # Boxes of another size, or of a rotated image, would lie elsewhere.
            raise DataError(
                f"{path_text(path)} is {image.shape[1]} × {image.shape[0]} px, and its "
                f"annotations say {size[1]} × {size[0]}"
            )
        return image

    def objects(self, index: int, *, masks: bool) -> Objects:
        """The objects of an image, with masks if asked for."""
        return self.annotations.objects(index, masks=masks)

    def of(self, indices: Ints) -> "DetectionImages":
        """These images alone, in this order."""
        pixels = [self.pixels[i] for i in indices] if self.folder is None else ()
        return DetectionImages(self.annotations.of(indices), self.folder, pixels)
