"""The annotations of one split in arrays, which processes share without copies."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from faster_coco_eval.core import mask as rle
from numpy.typing import NDArray

Ints = NDArray[np.int64]

ROW = np.dtype(
    [
        *((name, "<i8") for name in ("id", "image", "category")),
        *(("box", "<f8", 4), ("area", "<f8")),
        ("crowd", "u1"),
    ]
)
"""The bytes of one object while a file is read."""


@dataclass(frozen=True)
class Category:
    """A class of objects; `id` is the file's, which need not be consecutive."""

    id: int
    name: str


class Rows(NamedTuple):
    """N objects as their file has them, in columns."""

    id: Ints
    image: Ints
    """The file's id of the image."""
    category: Ints
    """The file's id of the category."""
    box: NDArray[np.float64]
    """(N, 4) x, y of the upper left corner, width and height, in pixels."""
    area: NDArray[np.float64]
    """Pixels, by which COCO tells small from large."""
    crowd: NDArray[np.uint8]

    @classmethod
    def of(cls, written: NDArray[np.void]) -> "Rows":
        return cls(*(written[name] for name in cls._fields))

    def take(self, indices: Ints | NDArray[np.bool_] | slice) -> "Rows":
        columns = (column[indices] for column in self)
        return Rows._make(columns)

    @property
    def total(self) -> int:
        return len(self.id)

    @property
    def without_area(self) -> NDArray[np.bool_]:
        """(N,) True for each object whose box or mask has no area."""
        return np.asarray((self.box[:, 2:] <= 0).any(1) | (self.area <= 0))


class Objects(NamedTuple):
    """The N objects of one image."""

    boxes: NDArray[np.float32]
    """(N, 4) x1, y1, x2, y2 in pixels."""
    labels: Ints
    """(N,) 1..K in the order of the categories' ids; 0 is torchvision's background."""
    crowd: NDArray[np.bool_]
    """(N,) True for a region of many objects, which is not trained on."""
    ids: Ints
    area: NDArray[np.float64]
    """(N,) pixels as the file states them, by which COCO tells small from large."""
    masks: NDArray[np.bool_] | None
    """(N, H, W), or None if they were not asked for."""


@dataclass(frozen=True)
class Packed:
    """Many byte strings in one array, as a list of them would be copied into every worker.

    Python counts references inside each object, so that reading a list in a forked process writes
    to its memory; an array has one count.
    """

    data: NDArray[np.uint8]
    starts: Ints
    ends: Ints

    def __getitem__(self, index: int) -> bytes:
        return self.data[self.starts[index] : self.ends[index]].tobytes()

    def __len__(self) -> int:
        return len(self.starts)

    def take(self, indices: Ints) -> "Packed":
        """The strings at these indices, over the same bytes."""
        return Packed(self.data, self.starts[indices], self.ends[indices])

    @property
    def lengths(self) -> Ints:
        return self.ends - self.starts


@dataclass(frozen=True)
class Annotations:
    """The images of one split and their objects, which lie image by image."""

    categories: tuple[Category, ...]
    image_ids: Ints
    names: Packed
    """File names in UTF-8."""
    sizes: NDArray[np.int32]
    """(I, 2) height and width of every image."""
    first: Ints
    """(I + 1,) where the objects of every image begin; those of image i end at first[i + 1]."""
    rows: Rows
    masks: Packed
    """COCO's compressed run lengths of every object; empty where the file has no mask."""

    def __len__(self) -> int:
        return len(self.image_ids)

    @property
    def counts(self) -> Ints:
        """(I,) numbers of objects."""
        return np.diff(self.first)

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        # Twice for parts of one split, which share the bytes of masks and names.
        packed = [a for p in (self.names, self.masks) for a in (p.data, p.starts, p.ends)]
        arrays = [self.image_ids, self.sizes, self.first, *self.rows, *packed]
        return sum(array.nbytes for array in arrays)

    def name(self, index: int) -> str:
        return self.names[index].decode("utf-8", "surrogateescape")

    def own(self, index: int) -> slice:
        """The rows of an image's objects."""
        return slice(int(self.first[index]), int(self.first[index + 1]))

    def objects(self, index: int, *, masks: bool) -> Objects:
        """The objects of an image, with masks of its size if asked for."""
        own = self.own(index)
        rows = self.rows.take(own)
        height, width = (int(side) for side in self.sizes[index])
        corner, sides = np.hsplit(rows.box, 2)  # (N, 2) each
        boxes = np.concatenate([corner, corner + sides], 1)
        # A box may be up to a pixel outside, by rounding: `problems` refuses those that are more.
        boxes = boxes.clip(0, [width, height, width, height]).astype(np.float32)
        # Files number their categories with gaps: COCO's 80 classes have ids up to 90.
        ids = np.array([category.id for category in self.categories])
        labels = np.searchsorted(ids, rows.category).astype(np.int64) + 1
        planes = self._planes(own, height, width) if masks else None
        crowd = rows.crowd.astype(bool)
        return Objects(boxes, labels, crowd, rows.id, rows.area, planes)

    def _planes(self, own: slice, height: int, width: int) -> NDArray[np.bool_]:
        """(N, H, W)"""
        # The library decodes no empty list.
        if own.start == own.stop:
            return np.zeros((0, height, width), bool)
        coded = [{"size": [height, width], "counts": self.masks[i]} for i in _range(own)]
        # The library's masks lie column by column, (H, W, N).
        return np.ascontiguousarray(rle.decode(coded).transpose(2, 0, 1)).astype(bool)

    def with_area(self) -> "Annotations":
        """The same images without the objects of no area."""
        has_area = ~self.rows.without_area
        first = np.concatenate([[0], np.cumsum(has_area)])[self.first]
        masks = self.masks.take(np.flatnonzero(has_area))
        return replace(self, first=first, rows=self.rows.take(has_area), masks=masks)

    def of(self, images: Ints) -> "Annotations":
        """These images alone, in this order."""
        objects = [np.arange(self.first[i], self.first[i + 1]) for i in images]
        rows = np.concatenate([np.zeros(0, np.int64), *objects])
        first = np.concatenate([[0], np.cumsum(self.counts[images])])
        return Annotations(
            self.categories,
            self.image_ids[images],
            self.names.take(images),
            self.sizes[images],
            first.astype(np.int64),
            self.rows.take(rows),
            self.masks.take(rows),
        )


def _range(own: slice) -> range:
    return range(own.start, own.stop)
