"""Loader of images on disk: decoded and transformed one at a time, in worker processes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from study.tasks.classification.data.batches import Batch, BatchIterable, Target
from study.tasks.classification.data.crops import CropsAndFlips
from study.tasks.classification.data.generators import generator, seeded
from study.tasks.classification.data.planes import Picture
from study.tasks.classification.data.sampler import ALL, PICTURE, Epoch, Part, cut, order
from study.tasks.classification.data.transforms import image_transform
from study.tasks.classification.schema import Data, Recipe


class NumberedImages(Protocol):
    """A split whose images can be read by number."""

    def __len__(self) -> int: ...
    def picture(self, index: int) -> tuple[Picture, Target]: ...


@dataclass(frozen=True)
class TransformedImages(Dataset[tuple[Tensor, Target]]):
    """The images of one pass in order; the augmentation of item i depends on (seed, epoch, i).

    So neither the number of worker processes nor randomness in the model changes an image.
    """

    images: NumberedImages
    indices: Sequence[int]
    transform: Callable[[Picture], Tensor]
    key: tuple[int, ...]  # seed and epoch; (0,) in evaluation, which draws nothing
    views: CropsAndFlips | None = None
    """Crops and flips that replace those of the transform."""

    def __getitem__(self, position: int) -> tuple[Tensor, Target]:
        picture, target = self.images.picture(self.indices[position])
        picture = self.views.applied(picture, position) if self.views else picture
        with seeded(PICTURE, *self.key, position):
            return self.transform(picture), target


def training_batches(
    images: NumberedImages,
    data: Data,
    recipe: Recipe,
    *,
    epoch: Epoch,
    workers: int = 0,
    views: CropsAndFlips | None = None,
) -> BatchIterable:
    """Training batches of an epoch."""
    indices = order(len(images), recipe, epoch)
    key = (epoch.seed, epoch.number)
    transform = image_transform(data, recipe, training=True, viewed=views is not None)
    dataset = TransformedImages(images, indices, transform, key, views)
    batches = cut(range(len(indices)), recipe.batch_size, training=True)
    size = min(recipe.batch_size, len(indices))
    slots = epoch.part.slots(size, recipe)
    # Of several processes each decodes only its own share.
    mine = [[batch[slot] for slot in slots] for batch in batches[epoch.part.first :]]
    return BatchIterable(len(batches), _loaded(dataset, mine, workers), size, slots)


def evaluation_batches(
    images: NumberedImages, data: Data, recipe: Recipe, *, part: Part = ALL, workers: int = 0
) -> BatchIterable:
    """Evaluation batches: each image once, in order."""
    transform = image_transform(data, recipe, training=False)
    dataset = TransformedImages(images, range(len(images)), transform, (0,))
    batches = cut(range(len(images)), recipe.batch_size, training=False)[part.rank :: part.world]
    return BatchIterable(len(batches), _loaded(dataset, batches, workers))


def _loaded(
    dataset: TransformedImages, batches: list[list[int]], workers: int
) -> Callable[[], Iterator[Batch]]:
    def start() -> Iterator[Batch]:
        loader: DataLoader[Any] = DataLoader(
            dataset,
            batch_sampler=batches,
            num_workers=workers,
            # From pinned memory the copy to a GPU runs beside the computation.
            pin_memory=torch.cuda.is_available(),
            generator=generator(0),  # without one a loader would consume the global random state
        )
        yield from loader

    return start
