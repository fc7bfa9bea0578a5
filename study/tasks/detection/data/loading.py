"""Both splits of a data set, from the package or from files in COCO's form."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from study.errors import DataError
from study.tasks.detection.data import digits_coco
from study.tasks.detection.data.annotations import Category, Ints
from study.tasks.detection.data.entry_problems import entry_problems
from study.tasks.detection.data.images import DetectionImages
from study.tasks.detection.data.json_stream import UnreadableError
from study.tasks.detection.data.reading import ReadFile, parsed, read
from study.tasks.detection.schema.data import CocoData
from study.text import path_text

LIMIT = 7
"""The seed of the fixed random choice of `train_limit` and `val_limit`."""


@dataclass(frozen=True)
class DetectionData:
    """Images to train on, and images to evaluate."""

    train: DetectionImages
    val: DetectionImages

    @property
    def categories(self) -> tuple[Category, ...]:
        """The categories of both splits, in the order of their ids."""
        return self.train.categories


def load(data: CocoData, *, masks: bool = True) -> DetectionData:
    """Both splits; without masks the reading of COCO's files takes half the time.

    Raises:
        DataError: a file cannot be read, or is broken: see `problems`, which lists everything.
    """
    train = _split(data, "train", masks=masks)
    # Before the limit, so that it counts images that are used.
    if data.empty == "drop":
        train = train.of(np.flatnonzero(train.annotations.counts))
    train = train.of(limited(len(train), data.train_limit))
    return DetectionData(train, validation(data, masks=masks))


def validation(data: CocoData, *, masks: bool = True) -> DetectionImages:
    """The images to evaluate alone; see `load`."""
    val = _split(data, "val", masks=masks)
    return val.of(limited(len(val), data.val_limit))


def limited(count: int, limit: int | None) -> Ints:
    """Indices of at most `limit` images in their order, the same choice at any time."""
    if limit is None or limit >= count:
        return np.arange(count)
    # The smallest of random numbers: a larger limit has the images of a smaller one, too.
    return np.sort(np.argsort(np.random.default_rng(LIMIT).random(count))[:limit])


def _split(data: CocoData, split: str, *, masks: bool) -> DetectionImages:
    if data.name == "digits_coco":
        drawn = digits_coco.drawn(split)
        return DetectionImages(parsed(drawn.text).annotations, None, drawn.images)
    path, folder = locations(data, split)
    try:
        annotations, problems = opened(path, masks)
    except (UnreadableError, OSError) as error:
        raise DataError(f"{path_text(path)} {error}") from error
    # Broken entries are refused here too, as a file may change after the plan.
    problems = problems or list(entry_problems(annotations, data, masks=masks))
    if problems:
        raise DataError(f"{path_text(path)}: {problems[0]}")
    return DetectionImages(
        annotations.with_area() if data.zero_area == "drop" else annotations, folder
    )


def locations(data: CocoData, split: str) -> tuple[Path, Path]:
    """The annotation file of a split, and the folder of its images."""
    root = Path(data.root or ".").expanduser()
    if split == "train":
        return root / data.train, root / data.train_images
    return root / data.val, root / data.val_images


def opened(path: Path, masks: bool) -> ReadFile:
    """The annotations of a file, which is read again when it changes."""
    stat = path.stat()
    return _opened(path, masks, stat.st_size, stat.st_mtime_ns)


@lru_cache(4)  # both splits, with masks and without
def _opened(path: Path, masks: bool, size: int, changed: int) -> ReadFile:
    return read(path, masks=masks)


def fingerprint(images: DetectionImages) -> str:
    """SHA-256 of the annotations that a split uses; of images in memory, of their pixels too."""
    annotations = images.annotations
    # Not the bytes of image files: 18 GB for COCO; sizes and names are in the annotations.
    digest = hashlib.sha256(repr(annotations.categories).encode())
    arrays = (annotations.image_ids, annotations.sizes, annotations.first, *annotations.rows)
    lengths = (annotations.names.lengths, annotations.masks.lengths)
    for array in (*arrays, *lengths, *images.pixels):
        digest.update(np.ascontiguousarray(array).data)
    for packed in (annotations.names, annotations.masks):
        for index in range(len(packed)):
            digest.update(packed[index])
    return digest.hexdigest()


def forget() -> None:
    """Forget the annotations that were read."""
    _opened.cache_clear()
