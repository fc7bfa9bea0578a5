"""Transforms of images decoded one at a time: crops, RandAugment, color jitter, resizing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import torch
from PIL import Image
from timm.data import create_transform
from torch import Tensor
from torchvision.transforms import Compose

from study.errors import DataError, SpecError, unknown
from study.tasks.classification.data.normalisation import statistics
from study.tasks.classification.data.planes import Picture, Planes
from study.tasks.classification.schema import Data, Recipe
from study.tasks.classification.schema.data import CHANNELS


def needs_pillow(recipe: Recipe) -> bool:
    """True if the recipe has augmentation or interpolation that only Pillow provides."""
    return (
        is_own(recipe)
        or bool(recipe.aa)
        or recipe.color_jitter > 0
        or recipe.interpolation != "nearest"
    )


def is_own(recipe: Recipe) -> bool:
    """True for a transform of a plugin, of which nothing is known."""
    return TRANSFORMS.get(recipe.transform) is not timm_transform


def interpolation(recipe: Recipe, *, training: bool) -> str:
    """The interpolation of a recipe; as in timm, `random` evaluates with bilinear."""
    return "bilinear" if recipe.interpolation == "random" and not training else recipe.interpolation


ImageTransform = Callable[[Image.Image], Tensor]
"""image -> bytes (C, H, W); normalising and erasing happen per batch."""


def image_transform(
    data: Data, recipe: Recipe, *, training: bool, viewed: bool = False
) -> Callable[[Picture], Tensor]:
    """The recipe's transform; `viewed` images are already cropped and flipped.

    Images of many channels are transformed channel by channel, for which nothing may be drawn:
    `recipes.contradictions` refuses what draws.
    """
    transform = TRANSFORMS[recipe.transform](data, recipe, training, viewed)
    if data.in_chans in CHANNELS:
        return cast(Callable[[Picture], Tensor], transform)
    return EachPlane(transform)


@dataclass(frozen=True)
class EachPlane:
    """A transform of grey images, applied to every channel: Planes -> bytes (C, H, W)."""

    transform: ImageTransform

    def __call__(self, picture: Picture) -> Tensor:
        planes = picture.planes if isinstance(picture, Planes) else (picture,)
        return torch.cat([self.transform(plane) for plane in planes])


def check(recipe: Recipe) -> None:
    """Raises SpecError for a transform that does not exist."""
    if recipe.transform not in TRANSFORMS:
        raise SpecError(unknown("recipe.transform", recipe.transform, TRANSFORMS), key="transform")


def timm_transform(data: Data, recipe: Recipe, training: bool, viewed: bool) -> ImageTransform:
    """timm's transform; for `viewed` images without its crop and flips."""
    try:
        whole = create_transform(
            (data.in_chans, *data.sides),
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
    return cast(ImageTransform, Compose(steps))


class AtLeastOneBit:
    """Keeps 1 bit in Posterize where timm 1.0.31 requests 0, which Pillow 13 refuses.

    Before version 13 Pillow made 0 bits a black image, which no augmentation intends.
    """

    def __init__(self, bits: Callable[..., tuple[int]]) -> None:
        self.bits = bits

    def __call__(self, level: float, hparams: dict[str, object]) -> tuple[int]:
        return (max(1, self.bits(level, hparams)[0]),)


def keep_one_bit(step: object) -> None:
    """Make every posterize operation in a RandAugment, AutoAugment or AugMix safe, in place."""
    policies = [getattr(step, "ops", []), *getattr(step, "policy", [])]
    for operation in (operation for policy in policies for operation in policy):
        if operation.name.startswith("Posterize"):
            operation.level_fn = AtLeastOneBit(operation.level_fn)


TRANSFORMS: dict[str, Callable[[Data, Recipe, bool, bool], ImageTransform]] = {
    "timm": timm_transform
}
"""Transforms by the name that `recipe.transform` gives; given training, and if crops are drawn."""
