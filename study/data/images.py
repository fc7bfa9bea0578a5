"""A study's images: how many, of how many classes, and batches of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import floor
from typing import TYPE_CHECKING, TypeVar

import torch

from study.data.batches import Batches, Epoch, Part, finished, statistics
from study.data.chance import generator
from study.data.listing import Fingerprint, fingerprints
from study.data.pictures import interpolation
from study.data.pixels import Pixels
from study.data.sources import SOURCES, Source, Split
from study.errors import DataError
from study.schema import Data, Recipe

if TYPE_CHECKING:
    from functools import _lru_cache_wrapper

Loaded = TypeVar("Loaded", bound="Validation")


@dataclass(frozen=True)
class Preprocessing:
    """How an image becomes a model's input: resized, cropped in the middle, normalised."""

    held: bool
    """Whether images are resized to img_size when they are read, before all else."""
    resize: int
    """Pixels of the shorter side."""
    img_size: int
    """Pixels of both sides of the crop."""
    crop_pct: float
    interpolation: str
    mean: list[float]
    """Per channel, of pixels in 0..1."""
    std: list[float]


@dataclass(frozen=True)
class Validation:
    """The images that are evaluated."""

    data: Data
    val: Split
    classes: int
    fingerprints: Mapping[str, Fingerprint]
    """What tells the images of a folder from others, by split; empty of other kinds of data."""

    @property
    def val_size(self) -> int:
        return len(self.val)

    def val_batches(
        self, recipe: Recipe, *, device: str = "cpu", rank: int = 0, world: int = 1
    ) -> Batches:
        """Each image once, in order, and the last batch as small as it comes.

        Of several processes each gets every world-th batch.
        """
        raw = self.val.evaluation(recipe, device, Part(rank=rank, world=world))
        this = Epoch(0, 0, device)
        return finished(raw, data=self.data, recipe=recipe, epoch=this, training=False)

    def preprocessing(self, recipe: Recipe) -> Preprocessing:
        mean, std = statistics(self.data)
        return Preprocessing(
            held=isinstance(self.val, Pixels),
            resize=floor(self.data.img_size / recipe.crop_pct),
            img_size=self.data.img_size,
            crop_pct=recipe.crop_pct,
            interpolation=interpolation(recipe, training=False),
            mean=list(mean),
            std=list(std),
        )


@dataclass(frozen=True)
class Images(Validation):
    """Two sets of images.

    Order and augmentation are drawn from (seed, epoch) alone, so they are the same in every arm.
    """

    train: Split

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
    ) -> Batches:
        """(B, C, S, S) normalised floats and (B,) classes.

        The last incomplete batch is dropped, unless the set is smaller than one batch. From batch
        `first` on; of several processes each gets its share of every batch, in the same bits.
        """
        this = Epoch(seed, epoch, device, Part(first, rank, world))
        raw = self.train.training(recipe, this)
        return finished(raw, data=self.data, recipe=recipe, epoch=this, training=True)


def load(data: Data, *, workers: int | None = None) -> Images:
    """The images of a specification, decoded once in a process however often they are asked for.

    `workers` processes decode what is read from files: as many as there are threads to spare,
    where it is none. It changes no pixel. Raises DataError where an image is not there.
    """
    return _current(_load, data, _spare() if workers is None else workers)


def validation(data: Data, *, workers: int | None = None) -> Validation:
    """What `load` evaluates, where there may be nothing to train on."""
    return _current(_validation, data, _spare() if workers is None else workers)


def _current(read: "_lru_cache_wrapper[Loaded]", data: Data, workers: int) -> Loaded:
    """What was read before, unless files have come, gone or changed their size since."""
    misses, specification = read.cache_info().misses, data.model_dump_json()
    images = read(specification, workers)
    if images.fingerprints and read.cache_info().misses == misses:
        splits = [getattr(data, SPLITS[name]) for name in images.fingerprints]
        if fingerprints(data, splits) != list(images.fingerprints.values()):
            read.cache_clear()
            return read(specification, workers)
    return images


SPLITS = {"train": "train_split", "validation": "val_split"}


@lru_cache(maxsize=4)
def _load(specification: str, workers: int) -> Images:
    data = Data.model_validate_json(specification)
    if data.train_split == data.val_split:
        raise DataError(
            f'data {data.name}: it would train on what it evaluates, "{data.val_split}"'
        )
    source = _source(data, (data.train_split, data.val_split), workers)
    train, val = source.splits
    return Images(
        data,
        _limited(val, data.val_limit),
        _classes(data, source.classes),
        dict(zip(("train", "validation"), source.fingerprints, strict=False)),
        _limited(train, data.train_limit),
    )


@lru_cache(maxsize=4)
def _validation(specification: str, workers: int) -> Validation:
    data = Data.model_validate_json(specification)
    source = _source(data, (data.val_split,), workers)
    return Validation(
        data,
        _limited(source.splits[0], data.val_limit),
        _classes(data, source.classes),
        dict(zip(("validation",), source.fingerprints, strict=False)),
    )


def _source(data: Data, splits: Sequence[str], workers: int) -> Source:
    return SOURCES[data.name.partition("/")[0]](data, splits, workers)


def _limited(split: Split, limit: int | None) -> Split:
    """The first `limit` of a fixed order, so that the classes stay mixed; kept in file order."""
    if limit is None or limit >= len(split):
        return split
    return split.only(sorted(torch.randperm(len(split), generator=generator(0)).tolist()[:limit]))


def _classes(data: Data, found: int | None) -> int:
    if data.num_classes is None and found is None:
        raise DataError(f"data {data.name} does not say how many classes it has; give num_classes")
    if data.num_classes and found and data.num_classes < found:
        raise DataError(
            f"data {data.name} has {found} classes, which num_classes: {data.num_classes} excludes"
        )
    return data.num_classes or found or 0


def _spare() -> int:
    """None below four threads: decoding would take them from the model."""
    threads = torch.get_num_threads()
    return min(threads // 2, 8) if threads >= 4 else 0
