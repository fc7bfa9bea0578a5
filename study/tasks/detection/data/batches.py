"""Batches of images and targets for torchvision's detectors."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from study.errors import DataError
from study.tasks.detection.data.images import DetectionImages
from study.tasks.detection.data.order import Draw, batches, look, share
from study.tasks.detection.data.resizing import ImageLook, boxes_at, image_at, masks_at, target_size

Target = dict[str, Tensor]


class Sizes(Protocol):
    """The keys of a recipe that say which images a batch has."""

    @property
    def batch_size(self) -> int: ...
    @property
    def sizes(self) -> Sequence[int]:
        """Shorter sides in px, of which one is drawn for every training image."""
        ...

    @property
    def max_size(self) -> int:
        """The longer side is at most this, in px."""
        ...

    @property
    def test_size(self) -> int: ...
    @property
    def flip(self) -> float: ...
    @property
    def aspect_groups(self) -> bool: ...


@dataclass(frozen=True)
class Batch:
    """The images of one step, as torchvision's detectors take them."""

    images: list[Tensor]
    """(3, h, w) of 0..1, resized and flipped."""
    targets: list[Target]
    """boxes (N, 4), labels, area, iscrowd (N,), image_id (), and masks (N, h, w) if asked for."""
    sizes: list[tuple[int, int]]
    """Height and width of the files' images, to which detections are scaled back."""

    def __len__(self) -> int:
        return len(self.images)

    @property
    def ids(self) -> list[int]:
        """The images' ids, as their file numbers them."""
        return [int(target["image_id"]) for target in self.targets]


def train_batches(
    images: DetectionImages,
    recipe: Sizes,
    *,
    seed: int,
    first: int = 0,
    masks: bool = False,
    rank: int = 0,
    world: int = 1,
    workers: int = 0,
) -> Iterator[Batch]:
    """Batches without end from iteration `first` on; those of a process are shares of each batch.

    Objects of crowds are left out, as no detector trains on them.

    Raises:
        DataError: there are no images, or fewer in a batch than processes.
    """
    if not len(images):
        raise DataError("there are no images to train on")
    if recipe.batch_size < world:
        raise DataError(f"a batch of {recipe.batch_size} cannot be shared by {world} processes")
    groups = recipe.aspect_groups
    every = batches(images.annotations.sizes, recipe.batch_size, seed=seed, aspect_groups=groups)
    own = (share(batch, rank, world) for batch in islice(every, first, None))
    return _loaded(TrainedImages(images, recipe, seed, masks), own, workers)


def val_batches(
    images: DetectionImages,
    recipe: Sizes,
    *,
    masks: bool = False,
    rank: int = 0,
    world: int = 1,
    workers: int = 0,
) -> Iterator[Batch]:
    """Every image once over all processes, in the order of the file, at the size of evaluation."""
    size = recipe.batch_size
    # Batches have the same images at any number of processes, as padding may change an answer.
    cut = (range(i, min(i + size, len(images))) for i in range(0, len(images), size))
    own = ([Draw(0, i) for i in batch] for batch in islice(cut, rank, None, world))
    return _loaded(EvaluatedImages(images, recipe, masks), own, workers)


@dataclass(frozen=True)
class TrainedImages(Dataset[tuple[Tensor, Target, tuple[int, int]]]):
    """Training images at the size and flip of their draw."""

    images: DetectionImages
    recipe: Sizes
    seed: int
    masks: bool

    def __getitem__(self, draw: Draw) -> tuple[Tensor, Target, tuple[int, int]]:
        size, flip = look(self.seed, draw)
        shorter = self.recipe.sizes[int(size * len(self.recipe.sizes))]
        sides = target_size(self.images.size(draw.image), shorter, self.recipe.max_size)
        shown = ImageLook(*sides, flip < self.recipe.flip)
        return example(self.images, draw.image, shown, masks=self.masks, crowds=False)


@dataclass(frozen=True)
class EvaluatedImages(Dataset[tuple[Tensor, Target, tuple[int, int]]]):
    """Images at the size of evaluation, not flipped, with all their objects."""

    images: DetectionImages
    recipe: Sizes
    masks: bool

    def __getitem__(self, draw: Draw) -> tuple[Tensor, Target, tuple[int, int]]:
        size = self.images.size(draw.image)
        sides = target_size(size, self.recipe.test_size, self.recipe.max_size)
        shown = ImageLook(*sides, False)
        return example(self.images, draw.image, shown, masks=self.masks, crowds=True)


def example(
    images: DetectionImages, index: int, look: ImageLook, *, masks: bool, crowds: bool
) -> tuple[Tensor, Target, tuple[int, int]]:
    """An image (3, h, w), its target, and the height and width of its file."""
    size = images.size(index)
    objects = images.objects(index, masks=masks)
    # As every detector in use: a box around many objects is no example of one.
    used = np.ones(len(objects.ids), bool) if crowds else ~objects.crowd
    pixels = np.ascontiguousarray(image_at(images.image(index), look).transpose(2, 0, 1))
    # Areas grow with both sides.
    scale = look.height * look.width / (size[0] * size[1])
    target = {
        "boxes": torch.from_numpy(boxes_at(objects.boxes[used], size, look)),
        "labels": torch.from_numpy(objects.labels[used]),
        "area": torch.from_numpy(objects.area[used] * scale).float(),
        "iscrowd": torch.from_numpy(objects.crowd[used].astype(np.int64)),
        "image_id": torch.tensor(int(images.ids[index])),
    }
    if objects.masks is not None:
        planes = masks_at(objects.masks[used], look).astype(np.uint8)
        target |= {"masks": torch.from_numpy(planes)}
    return torch.from_numpy(pixels).float().div_(255), target, size


def _joined(examples: Sequence[tuple[Tensor, Target, tuple[int, int]]]) -> Batch:
    images, targets, sizes = zip(*examples, strict=True)
    return Batch(list(images), list(targets), list(sizes))


def _loaded(
    dataset: Dataset[tuple[Tensor, Target, tuple[int, int]]],
    draws: Iterator[list[Draw]],
    workers: int,
) -> Iterator[Batch]:
    """The batches of these draws, read by worker processes if there are any."""
    # Without processes for images in memory, which take less time than handing them over.
    if not workers:
        return (_joined([dataset[draw] for draw in batch]) for batch in draws)
    loader: Callable[..., DataLoader[Batch]] = DataLoader
    return iter(
        loader(
            dataset,
            batch_sampler=draws,
            num_workers=workers,
            collate_fn=_joined,
            # Its own generator: the loader would draw from torch's global one.
            generator=torch.Generator(),
        )
    )
