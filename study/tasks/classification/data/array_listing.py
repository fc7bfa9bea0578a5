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
        # Sets of labels are often of one image each, so all images are then one class.
        labels = ("" if self.how.several else str(self.labels[i]) for i in every)
        drawn = validation([*zip(map(str, every), labels, strict=True)], self.how.share)
        inside = np.array([str(i) in drawn for i in every])
        chosen: NDArray[np.int64] = every[inside if self.how.half == "validation" else ~inside]
        return chosen

    def summary(self) -> Summary:
        import numpy as np

        chosen = self.labels[self.indices]
        if self.how.several:
            labels, counts = np.arange(chosen.shape[1]), chosen.sum(0)
        else:
            labels, counts = np.unique(chosen, return_counts=True)
        pairs = zip(map(str, labels.tolist()), counts.tolist(), strict=True)
        by_label = {label: count for label, count in pairs if count}
        names = arrays.names(self.how.half, self.how.share)
        # A stored summary is old once one of these changes; an .npz is the place itself.
        files = tuple(f"{name}.npy" for name in names) if self.place.is_dir() else ()
        change: dict[str, object] = {
            "digest": arrays.digest(self.place, names),
            "counts": {name: by_label[name] for name in numbered(by_label)},
            "folders": files,
            "shape": self.shape,
        }
        if self.how.several:
            none = int((chosen.sum(1) == 0).sum())
            change |= {"images": len(chosen), "unlabelled": none}
            change |= {"declared": tuple(map(str, labels.tolist()))}
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
    check = _unlike_label_sets if how.several else _unlike_labels
    if problem := check(labels, shape[0]):
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
        several = "; several labels of an image need multi_label: true" * (labels.ndim == 2)
        return f"of shape {labels.shape}; {images} images need ({images},){several}"
    return f"a label of {labels.min()}; classes count from 0" if labels.min() < 0 else ""


def _unlike_label_sets(labels: NDArray[np.generic], images: int) -> str:
    """The reason why an array has no sets of labels for a number of images; "" if it has."""
    if labels.ndim != 2 or len(labels) != images or not labels.size:
        return f"of shape {labels.shape}; {images} images with multi_label need ({images}, C)"
    if labels.dtype.kind not in "biu" or not ((labels == 0) | (labels == 1)).all():
        return f"of type {labels.dtype}; with multi_label a label is 0 or 1, of whole numbers"
    return ""
