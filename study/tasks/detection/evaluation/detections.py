"""The detections of a split, collected batch by batch and stored in arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from faster_coco_eval.core import mask as rle
from numpy.typing import NDArray

from study.errors import DamagedError
from study.store import archives
from study.tasks.detection.data.annotations import Ints, Packed

MOST = 100  # detections of an image that COCO counts
# Names in stored files: a change makes old detections unreadable.
ARRAYS = {
    "image_ids": "image_ids",
    "image": "image",
    "boxes": "boxes",
    "scores": "scores",
    # Not "labels", by which the core knows the arrays of images with several labels.
    "labels": "categories",
}
"""By field of `Detections`, the name of its array in a file."""
MASKS = ("mask_bytes", "mask_ends")


class Detected(NamedTuple):
    """The detections of one image in pixels of its file, the most confident first."""

    boxes: NDArray[np.float32]
    """(N, 4) x1, y1, x2, y2."""
    scores: NDArray[np.float32]
    labels: Ints
    masks: list[bytes] | None
    """COCO's compressed run lengths of N masks; None for a detector of boxes."""


@dataclass(frozen=True)
class Detections:
    """The detections of I images, which lie image by image in the order of the ids."""

    image_ids: Ints
    """(I,) ids of all evaluated images, ascending: those without detections, too."""
    image: NDArray[np.int32]
    """(D,) place of every detection's image among them."""
    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: NDArray[np.int16]
    masks: Packed | None

    def __len__(self) -> int:
        return len(self.scores)

    def of(self, image_id: int) -> Detected:
        """The detections of one image.

        Raises:
            KeyError: it was not evaluated.
        """
        # Ascending ids, so that an image is looked up without an index of all.
        place = int(np.searchsorted(self.image_ids, image_id))
        if place == len(self.image_ids) or self.image_ids[place] != image_id:
            raise KeyError(image_id)
        first, last = np.searchsorted(self.image, [place, place + 1])
        own = slice(int(first), int(last))
        masks = None
        if self.masks is not None:
            masks = [self.masks[i] for i in range(own.start, own.stop)]
        labels = self.labels[own].astype(np.int64)
        return Detected(self.boxes[own], self.scores[own], labels, masks)


@dataclass
class Collected:
    """The detections of one process by image, as they come."""

    with_masks: bool = False
    images: dict[int, Detected] = field(default_factory=dict)

    def add(self, image_id: int, detected: Detected) -> None:
        """Keep the hundred most confident detections of an image, all that COCO counts."""
        # Stable: of equal scores the detector's order counts, as in COCO's evaluation.
        order = np.argsort(-detected.scores, kind="stable")[:MOST]
        boxes, scores, labels, masks = detected
        chosen = [masks[i] for i in order] if masks is not None else None
        self.images[image_id] = Detected(boxes[order], scores[order], labels[order], chosen)


def coded(masks: NDArray[np.bool_]) -> list[bytes]:
    """(N, H, W) -> the compressed run lengths of N masks."""
    # The library takes masks column by column, (H, W, N).
    columns = np.asfortranarray(masks.transpose(1, 2, 0).astype(np.uint8))
    return [entry["counts"] for entry in rle.encode(columns)] if len(masks) else []


def joined(parts: Sequence[Collected]) -> Detections:
    """The detections of all processes, the same at any number of them.

    Raises:
        ValueError: two processes evaluated one image.
    """
    images: dict[int, Detected] = {}
    for part in parts:
        if twice := images.keys() & part.images.keys():
            raise ValueError(f"two processes evaluated the image {min(twice)}")
        images |= part.images
    # By id: the order of processes and batches must not reach the file.
    ids = sorted(images)
    every = [images[id] for id in ids]
    masks = [mask for one_image in every for mask in one_image.masks or ()]
    # First of all, as nothing can be joined of no images.
    empty = Detected(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, int), [])
    boxes, scores, labels, _ = zip(empty, *every, strict=True)
    return Detections(
        np.array(ids, np.int64),
        np.repeat(np.arange(len(ids), dtype=np.int32), [len(d.scores) for d in every]),
        np.concatenate(boxes).astype(np.float32),
        np.concatenate(scores).astype(np.float32),
        np.concatenate(labels).astype(np.int16),
        _packed(masks) if any(part.with_masks for part in parts) else None,
    )


def _packed(strings: Sequence[bytes]) -> Packed:
    ends = np.cumsum([len(string) for string in strings], dtype=np.int64)
    return _of_ends(np.frombuffer(b"".join(strings), np.uint8), ends)


def _of_ends(data: NDArray[np.uint8], ends: Ints) -> Packed:
    return Packed(data, np.concatenate([np.zeros(1, np.int64), ends])[: len(ends)], ends)


# ---- files ----


def arrays(detections: Detections) -> dict[str, NDArray[np.generic]]:
    """The arrays that a trial stores; no pickles, as a store may be shared."""
    stored = {name: getattr(detections, field) for field, name in ARRAYS.items()}
    if (masks := detections.masks) is not None:
        stored |= dict(zip(MASKS, (masks.data, masks.ends), strict=True))
    return stored


def stored(
    detections: Detections, beside: Mapping[str, NDArray[np.generic]] = MappingProxyType({})
) -> bytes:
    """The detections, and arrays beside them, as a compressed .npz file with a digest."""
    file = BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays(detections), **beside)
    return archives.sealed(file)


def of_arrays(values: Mapping[str, NDArray[np.generic]]) -> Detections:
    """The detections that `arrays` gave.

    Raises:
        DamagedError: they are others.
    """
    if not {*ARRAYS.values()} <= values.keys():
        raise DamagedError("it has no detections")
    # Where there are masks, both of their arrays are there.
    data, ends = (values.get(name) for name in MASKS)
    masks = (
        None
        if data is None or ends is None
        else _of_ends(data.astype(np.uint8), ends.astype(np.int64))
    )
    ids, image, boxes, scores, labels = (values[name] for name in ARRAYS.values())
    lengths = {len(array) for array in (image, boxes, scores, labels)}
    if (
        len(lengths) > 1
        or (masks is not None and len(masks) not in lengths)
        or boxes.shape[1:] != (4,)
    ):
        raise DamagedError("its arrays are of different lengths")
    return Detections(
        ids.astype(np.int64),
        image.astype(np.int32),
        boxes.astype(np.float32),
        scores.astype(np.float32),
        labels.astype(np.int16),
        masks,
    )


def opened(content: bytes) -> Detections:
    """The detections of a file that `stored` made.

    Raises:
        DamagedError: it is another.
    """
    try:
        with np.load(BytesIO(archives.checked(content)), allow_pickle=False) as file:
            return of_arrays({name: file[name] for name in file.files})
    except archives.UNREADABLE as error:
        raise DamagedError(f"it cannot be read as detections ({error})") from error
