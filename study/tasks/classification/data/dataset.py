"""The data set of a study: train and validation images, classes, and batches of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import floor
from typing import TYPE_CHECKING, TypeVar

import torch

from study.errors import DataError
from study.spec.image_size import ImageSize, of_sides
from study.tasks.classification.data.batches import BatchIterable
from study.tasks.classification.data.held_out import divided
from study.tasks.classification.data.image_files import Fingerprint
from study.tasks.classification.data.in_memory import InMemoryImages
from study.tasks.classification.data.listing import fingerprints
from study.tasks.classification.data.normalisation import finished, statistics
from study.tasks.classification.data.sampler import Epoch, Part
from study.tasks.classification.data.sources import SOURCES
from study.tasks.classification.data.split import OpenedSplits, Split, limited
from study.tasks.classification.data.transforms import interpolation
from study.tasks.classification.schema import Data, Recipe

if TYPE_CHECKING:
    from functools import _lru_cache_wrapper

Loaded = TypeVar("Loaded", bound="ValidationData")


@dataclass(frozen=True)
class Preprocessing:
    """Parameters of the evaluation transform: resize, central crop, normalisation."""

    held: bool
    """True where images were already resized to img_size when they were loaded."""
    resize: ImageSize
    """Pixels of the shorter side, or the (height, width) that the resized image covers."""
    img_size: ImageSize
    """Pixels of both sides of the crop, or (height, width)."""
    crop_pct: float
    interpolation: str
    mean: list[float]
    """Mean per channel, for pixels in 0..1."""
    std: list[float]


@dataclass(frozen=True)
class ValidationData:
    """The validation images of a data set."""

    data: Data
    val: Split
    classes: int
    fingerprints: Mapping[str, Fingerprint]
    """Fingerprints of an image folder by split; empty for other kinds of data."""

    @property
    def multi_label(self) -> bool:
        """True if an image has several labels, or none."""
        return self.data.multi_label

    @property
    def val_size(self) -> int:
        return len(self.val)

    def val_batches(
        self, recipe: Recipe, *, device: str = "cpu", rank: int = 0, world: int = 1
    ) -> BatchIterable:
        """Batches with each image once, in order; the last batch may be smaller.

        With several processes each gets every world-th batch.
        """
        raw = self.val.evaluation(recipe, device, Part(rank=rank, world=world))
        this = Epoch(0, 0, device)  # nothing is drawn in evaluation
        return finished(raw, data=self.data, recipe=recipe, epoch=this, training=False)

    def preprocessing(self, recipe: Recipe) -> Preprocessing:
        """The parameters of the evaluation transform: resize, central crop, normalisation."""
        mean, std = statistics(self.data)
        return Preprocessing(
            held=isinstance(self.val, InMemoryImages),
            # Rounded as in timm's evaluation transform.
            resize=of_sides(*(floor(side / recipe.crop_pct) for side in self.data.sides)),
            img_size=self.data.img_size,
            crop_pct=recipe.crop_pct,
            interpolation=interpolation(recipe, training=False),
            mean=list(mean),
            std=list(std),
        )


@dataclass(frozen=True)
class DataSplits(ValidationData):
    """The training and validation images of a data set.

    Order and augmentation depend on (seed, epoch) alone, so they are the same in every arm.
    """

    train: Split

    @property
    def class_counts(self) -> list[int] | None:
        """Training images of each class; None where only the images themselves give classes."""
        labels = getattr(self.train, "labels", None)
        if labels is None:
            return None
        counts = Counter(labels)
        return [counts[number] for number in range(self.classes)]

    @property
    def train_size(self) -> int:
        return len(self.train)

    def train_batches(
        self,
        recipe: Recipe,
        *,
        seed: int,
        epoch: int,
        device: str = "cpu",
        first: int = 0,
        rank: int = 0,
        world: int = 1,
    ) -> BatchIterable:
        """Training batches of an epoch: normalised floats (B, C, H, W) and classes (B,).

        An incomplete last batch is dropped, unless it is the only one. The batches begin at number
        `first`. With several processes each gets its share of every batch, bit for bit.
        """
        this = Epoch(seed, epoch, device, Part(first, rank, world))
        raw = self.train.training(recipe, this)
        return finished(raw, data=self.data, recipe=recipe, epoch=this, training=True)


def load(data: Data, *, workers: int | None = None) -> DataSplits:
    """The data set of a specification, loaded once per process.

    `workers` processes decode images on disk; None uses spare threads. Their number changes no
    pixel. Raises DataError for absent images.
    """
    return _current(_load, data, _spare() if workers is None else workers)


def validation(data: Data, *, workers: int | None = None) -> ValidationData:
    """The validation images alone, for data that may have no training images."""
    return _current(_validation, data, _spare() if workers is None else workers)


def _current(read: "_lru_cache_wrapper[Loaded]", data: Data, workers: int) -> Loaded:
    """The cached data set, read again if files have appeared, vanished or changed their size."""
    # JSON is the key of the cache, because Data has lists and so no hash.
    misses, specification = read.cache_info().misses, data.model_dump_json()
    images = read(specification, workers)
    # No miss: the data set comes from the cache, so its files may have changed since.
    if images.fingerprints and read.cache_info().misses == misses:
        splits = [getattr(data, SPLITS[name]) for name in images.fingerprints]
        if fingerprints(data, splits) != list(images.fingerprints.values()):
            read.cache_clear()
            return read(specification, workers)
    return images


SPLITS = {"train": "train_split", "validation": "val_split"}  # keys of Data, by name of the split


@lru_cache(maxsize=4)
def _load(specification: str, workers: int) -> DataSplits:
    data = Data.model_validate_json(specification)
    if data.train_split == data.val_split:
        raise DataError(
            f'data {data.name}: training and evaluation would use the same images, "'
            f'{data.val_split}"'
        )
    if data.holdout is not None:
        return _held_out(data, workers)
    source = _source(data, (data.train_split, data.val_split), workers)
    train, val = source.splits
    return DataSplits(
        data,
        limited(val, data.val_limit),
        _classes(data, source.classes),
        # Only folders have fingerprints; the list is empty for other kinds of data.
        dict(zip(("train", "validation"), source.fingerprints, strict=False)),
        limited(train, data.train_limit),
    )


def _held_out(data: Data, workers: int) -> DataSplits:
    """The training images alone, of which a part takes the place of the validation images."""
    # The validation images are not opened: what is tuned on the held-out part never sees them.
    source = _source(data, (data.train_split,), workers)
    train = limited(source.splits[0], data.train_limit)
    rest, part = divided(train, data.holdout or 0.0, multi_label=data.multi_label)
    prints = dict(zip(("train",), source.fingerprints, strict=False))
    return DataSplits(data, part, _classes(data, source.classes), prints, rest)


@lru_cache(maxsize=4)
def _validation(specification: str, workers: int) -> ValidationData:
    data = Data.model_validate_json(specification)
    if data.holdout is not None:
        return _held_out(data, workers)
    source = _source(data, (data.val_split,), workers)
    return ValidationData(
        data,
        limited(source.splits[0], data.val_limit),
        _classes(data, source.classes),
        dict(zip(("validation",), source.fingerprints, strict=False)),
    )


def _source(data: Data, splits: Sequence[str], workers: int) -> OpenedSplits:
    return SOURCES[data.name.partition("/")[0]](data, splits, workers)


def _classes(data: Data, counted: int | None) -> int:
    if data.num_classes is None and counted is None:
        raise DataError(f"data {data.name} does not say how many classes it has; give num_classes")
    if data.num_classes and counted and data.num_classes < counted:
        raise DataError(
            f"data {data.name} has {counted} classes, which num_classes: {data.num_classes} "
            "excludes"
        )
    return data.num_classes or counted or 0


def _spare() -> int:
    """Number of decoding workers; 0 below four threads, which the model needs itself."""
    # On two cores timm's loader adds 14.5 % to a training step of 32 px images with two workers,
    # and 11.3 % without any.
    threads = torch.get_num_threads()
    return min(threads // 2, 8) if threads >= 4 else 0
