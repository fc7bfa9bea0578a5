"""List the classes of a split in arrays: uint8 images (N, H, W) or (N, H, W, C), labels (N,)."""

from __future__ import annotations  # a plan of other images starts without numpy

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from study.errors import DataError
from study.tasks.classification.data import arrays
from study.tasks.classification.data.drawn_split import validation
from study.tasks.classification.data.image_files import Rules, Summary, empty, numbered
from study.text import path_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class ArraySplit:
    """The images of a split by their numbers in the array, with all labels of the array."""

    place: Path
    how: Rules
    labels: NDArray[np.int64]
    shape: tuple[int, int, int]

    @property
    def indices(self) -> NDArray[np.int64]:
        """The numbers of the images of this split, in the order of the array."""
        import numpy as np

        every = np.arange(len(self.labels))
        if self.how.share is None:
            return every
        # By number, as the images of an array have no names.
        drawn = validation([(str(i), str(self.labels[i])) for i in every], self.how.share)
        inside = np.array([str(i) in drawn for i in every])
        chosen: NDArray[np.int64] = every[inside if self.how.half == "validation" else ~inside]
        return chosen

    def summary(self) -> Summary:
        import numpy as np

        labels, counts = np.unique(self.labels[self.indices], return_counts=True)
        by_label = dict(zip(map(str, labels.tolist()), counts.tolist(), strict=True))
        names = arrays.names(self.how.half, self.how.share)
        # A stored summary is old once one of these changes; an .npz is the place itself.
        files = tuple(f"{name}.npy" for name in names) if self.place.is_dir() else ()
        change: dict[str, object] = {
            "digest": arrays.digest(self.place, names),
            "counts": {name: by_label[name] for name in numbered(by_label)},
            "folders": files,
            "shape": self.shape,
        }
        return empty(str(self.place)).model_copy(update=change)


def walked(place: Path, how: Rules) -> ArraySplit:
    """Read the labels, and of the images their shape.

    Raises:
        DataError: an array is absent, or is not of the type and the shape that images have.
    """
    images, classes = arrays.names(how.half, how.share)
    shape, kind = arrays.header(place, images)
    if problem := _unlike_images(shape, kind):
        raise DataError(f"{path_text(place)}, array {images}: {problem}")
    labels = arrays.loaded(place, classes)
    if problem := _unlike_labels(labels, shape[0]):
        raise DataError(f"{path_text(place)}, array {classes}: {problem}")
    # Grey images (N, H, W) have one channel.
    height, width, channels = (*shape[1:], 1)[:3]
    return ArraySplit(place, how, labels.astype("int64"), (height, width, channels))


def _unlike_images(shape: Sequence[int], kind: np.dtype[np.generic]) -> str:
    """The reason why an array has no images; "" if it has."""
    if kind != "uint8":
        return f"of type {kind}; images are uint8, from 0 to 255"
    if len(shape) not in (3, 4) or 0 in shape:
        return f"of shape {tuple(shape)}; images are (N, H, W) or (N, H, W, C)"
    # in_chans is at most 16, so an axis of more is no axis of channels.
    if len(shape) == 4 and shape[1] <= 16 < shape[3] and shape[1] != shape[2]:
        return f"of shape {tuple(shape)}, channels first; transpose to (N, H, W, C)"
    many = len(shape) == 4 and shape[3] > 16
    return f"{shape[3]} channels, of at most 16; leave some out" if many else ""


def _unlike_labels(labels: NDArray[np.generic], images: int) -> str:
    """The reason why an array has no labels for a number of images; "" if it has."""
    if labels.dtype.kind not in "iu":  # numpy's letters of signed and unsigned integers
        return f"of type {labels.dtype}; labels are the numbers of classes, from 0 on"
    if labels.ndim != 1 or len(labels) != images:
        return f"of shape {labels.shape}; {images} images need ({images},)"
    return f"a label of {labels.min()}; classes count from 0" if labels.min() < 0 else ""
