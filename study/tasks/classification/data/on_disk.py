"""Data sets on disk: each image is read and decoded when it is needed."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from numbers import Integral
from typing import IO, Any, Self

import torch
from PIL import Image

from study.errors import DataError
from study.tasks.classification.data.batches import BatchIterable, Target
from study.tasks.classification.data.decoding import as_given, decoded
from study.tasks.classification.data.image_files import Listing
from study.tasks.classification.data.label_sets import checked, labels_of, multi_hot
from study.tasks.classification.data.loader import evaluation_batches, training_batches
from study.tasks.classification.data.sampler import ALL, Epoch, Part
from study.tasks.classification.data.table_listing import TableSplit
from study.tasks.classification.schema import Data, Recipe
from study.text import path_text

Read = Callable[[int], tuple[Image.Image, Target]]


@dataclass(frozen=True)
class OnDiskImages:
    """A split of numbered images on disk; the number of decoding `workers` changes no pixel."""

    read: Read
    indices: Sequence[int]
    data: Data
    workers: int = 0
    label: Callable[[int], int] | None = None
    """The class of an image without reading it, where the files give it."""

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def labels(self) -> list[int] | None:
        """The classes of all images, None where only the images themselves give them."""
        return [self.label(index) for index in self.indices] if self.label else None

    def only(self, indices: Sequence[int]) -> Self:
        return replace(self, indices=[self.indices[i] for i in indices])

    def picture(self, index: int) -> tuple[Image.Image, Target]:
        picture, target = self.read(self.indices[index])
        if self.data.multi_label:
            target = checked(torch.as_tensor(target), self.data, self.data.num_classes)
        else:
            target = int(target)
        return as_given(picture, f"image {index}", self.data), target

    def training(self, recipe: Recipe, epoch: Epoch) -> BatchIterable:
        return training_batches(self, self.data, recipe, epoch=epoch, workers=self.workers)

    def evaluation(self, recipe: Recipe, device: str, part: Part = ALL) -> BatchIterable:
        return evaluation_batches(self, self.data, recipe, part=part, workers=self.workers)


@dataclass(frozen=True)
class FromReader:
    """Reads an image from a timm reader.

    timm's own data set would silently replace an image that cannot be decoded by the next one.
    """

    reader: Any
    data: Data

    def __call__(self, index: int) -> tuple[Image.Image, int]:
        try:
            stream, target = self.reader[index]
            name = path_text(self.reader.filename(index) or f"image {index}")
        # timm asserts that an image has bytes or a path; one that is null is a TypeError.
        except (AssertionError, KeyError, OSError, TypeError) as error:
            none = isinstance(error, AssertionError | TypeError)
            reason = "it has no image" if none else f"{type(error).__name__}: {error}"
            raise DataError(
                f"image {index} of {self.data.name} cannot be read ({reason})"
            ) from error
        self._check(target, name)
        return decoded(stream, name, self.data), int(target)

    def check(self) -> None:
        """Check every label without reading an image.

        Raises:
            DataError: the column of labels is absent, or a label is not the number of a class.
        """
        dataset, key = self.reader.dataset, self.data.target_key or "label"  # timm's default column
        if key in dataset.column_names:
            for index, target in enumerate(dataset[key]):
                self._check(target, f"image {index}")
        elif not set(",.") & set(key):  # timm takes several columns, and fields of columns
            raise DataError(
                f"{self.data.name} has no column {key}, only {', '.join(dataset.column_names)}: "
                "give target_key, the column of the classes"
            )

    def _check(self, target: object, name: str) -> None:
        """Raises DataError for a label that is not the number of a class."""
        where, key = f"{name} of {self.data.name}", self.data.target_key or "label"
        if isinstance(target, str):
            raise DataError(
                f'{where} has the label "{target}", which is text and not a number: encode the '
                f'column as ClassLabel (class_encode_column("{key}")), or give another target_key'
            )
        if not isinstance(target, Integral) or int(target) < 0:
            raise DataError(
                f"{where} has no class ({key} is {target}): leave such images out of the data "
                "set, or give another target_key"
            )
        if self.data.num_classes and int(target) >= self.data.num_classes:
            raise DataError(
                f"{where} has the class {target}, and num_classes: {self.data.num_classes} ends "
                f"at {self.data.num_classes - 1}"
            )


@dataclass(frozen=True)
class FromTable:
    """Reads an image of a saved table."""

    split: TableSplit
    data: Data

    def __call__(self, index: int) -> tuple[Image.Image, Target]:
        (image,) = self.split.table[index].values()
        name = f"row {index} of {path_text(self.split.place)}"
        content, path = image.get("bytes"), image.get("path")
        # A table may name files instead of holding their bytes.
        stream = _opened(str(path)) if content is None else BytesIO(content)
        return decoded(stream, name, self.data), self._target(index)

    def label(self, index: int) -> int:
        return self.split.rows[index][0]

    def _target(self, index: int) -> Target:
        if not self.data.multi_label:
            return self.label(index)
        return multi_hot(self.split.rows[index], len(self.split.names))


@dataclass(frozen=True)
class FromFiles:
    """Reads an image of a listing: a file, or a member of a tar.

    A tar is opened for every image, since worker processes would share one open file.
    """

    listing: Listing
    numbers: Mapping[str, int]
    data: Data

    def __call__(self, index: int) -> tuple[Image.Image, Target]:
        path, label, size, start = self.listing.pictures[index]
        place = self.listing.folder or self.listing.summary.place
        if self.listing.packed:
            with open(place, "rb") as tar:
                tar.seek(start)  # the image's own bytes, behind its header
                stream: IO[bytes] = BytesIO(tar.read(size))
        else:
            stream = _opened(os.path.join(place, path))
        name = path_text(os.path.join(place, path))
        return decoded(stream, name, self.data), self._target(label)

    def _target(self, label: str) -> Target:
        if not self.data.multi_label:
            return self.numbers[label]
        # A class map may leave numbers out, and num_classes may be more than it names.
        classes = self.data.num_classes or max(self.numbers.values()) + 1
        numbers = [self.numbers[name] for name in labels_of(label)]
        return multi_hot(numbers, classes)

    def label(self, index: int) -> int:
        return self.numbers[self.listing.pictures[index][1]]


def _opened(path: str) -> IO[bytes]:
    try:
        return open(path, "rb")
    except OSError as error:
        raise DataError(f"{path_text(path)} cannot be read: {error.strerror}") from error
