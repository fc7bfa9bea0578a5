"""timm's transforms on images decoded one at a time, and the loader that applies them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import torch
from PIL import Image
from timm.data import create_transform
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import Compose

from study.data.batches import Batch, BatchIterable, statistics
from study.data.crops import CropsAndFlips
from study.data.generators import generator, seeded
from study.data.sampler import ALL, PICTURE, Epoch, Part, cut, order
from study.errors import DataError
from study.spec.schema import Data, Recipe


class NumberedImages(Protocol):
    """A split whose images can be read by number."""

    def __len__(self) -> int: ...
    def picture(self, index: int) -> tuple[Image.Image, int]: ...


def needs_pillow(recipe: Recipe) -> bool:
    """True if the recipe has augmentation or interpolation that only Pillow provides."""
    return bool(recipe.aa) or recipe.color_jitter > 0 or recipe.interpolation != "nearest"


def interpolation(recipe: Recipe, *, training: bool) -> str:
    """The interpolation of a recipe; as in timm, `random` evaluates with bilinear."""
    return "bilinear" if recipe.interpolation == "random" and not training else recipe.interpolation


def image_transform(
    data: Data, recipe: Recipe, *, training: bool, viewed: bool = False
) -> Callable[[Image.Image], Tensor]:
    """timm's transform, image -> bytes (C, S, S); normalising and erasing happen per batch.

    `viewed` images are already cropped and flipped, so their transform does neither.
    """
    try:
        whole = create_transform(
            (data.in_chans, data.img_size, data.img_size),
            is_training=training,
            no_aug=recipe.no_aug,
            scale=tuple(recipe.scale),
            ratio=tuple(recipe.ratio),
            hflip=recipe.hflip,
            vflip=recipe.vflip,
            color_jitter=recipe.color_jitter or None,
            auto_augment=recipe.aa,
            interpolation=interpolation(recipe, training=training),
            mean=statistics(data)[0],
            std=statistics(data)[1],
            crop_pct=recipe.crop_pct,
            use_prefetcher=True,  # timm then leaves normalising and erasing to its loader
            separate=viewed,
        )
    except (AssertionError, KeyError, ValueError) as error:
        raise DataError(
            f'recipe.aa: timm knows no augmentation "{recipe.aa}"; '
            "one it knows is rand-m9-mstd0.5-inc1"
        ) from error
    # With `separate` timm gives three stages; the first has the crop and the flips.
    stages = whole[1:] if viewed else (whole,)
    steps = [step for stage in stages for step in stage.transforms]
    for step in steps:
        keep_one_bit(step)
    return cast(Callable[[Image.Image], Tensor], Compose(steps))


class AtLeastOneBit:
    """Keeps 1 bit in Posterize where timm 1.0.31 requests 0, which Pillow 13 refuses.

    Before version 13 Pillow made 0 bits a black image, which no augmentation intends.
    """

    def __init__(self, bits: Callable[..., tuple[int]]) -> None:
        self.bits = bits

    def __call__(self, level: float, hparams: dict[str, Any]) -> tuple[int]:
        return (max(1, self.bits(level, hparams)[0]),)


def keep_one_bit(step: Any) -> None:
    """Make every posterize operation in a RandAugment, AutoAugment or AugMix safe, in place."""
    policies = [getattr(step, "ops", []), *getattr(step, "policy", [])]
    for operation in (operation for policy in policies for operation in policy):
        if operation.name.startswith("Posterize"):
            operation.level_fn = AtLeastOneBit(operation.level_fn)


@dataclass(frozen=True)
class TransformedImages(Dataset[tuple[Tensor, int]]):
    """The images of one pass in order; the augmentation of item i depends on (seed, epoch, i).

    So neither the number of worker processes nor randomness in the model changes an image.
    """

    images: NumberedImages
    indices: Sequence[int]
    transform: Callable[[Image.Image], Tensor]
    key: tuple[int, ...]
    views: CropsAndFlips | None = None
    """Crops and flips that replace those of the transform."""

    def __getitem__(self, position: int) -> tuple[Tensor, int]:
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
            pin_memory=torch.cuda.is_available(),
            generator=generator(0),  # without one a loader would consume the global random state
        )
        yield from loader

    return start
