"""Random resized crops and flips, drawn by position in an epoch's order."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from PIL import Image
from torch import Tensor

from study.tasks.classification.data.crop_boxes import Boxes, boxes, placed
from study.tasks.classification.data.planes import Picture
from study.tasks.classification.data.position_draws import PIECE, PositionDraws
from study.tasks.classification.schema import Recipe

Transpose = Image.Transpose


class CropAndFlip(NamedTuple):
    """Crops and flips of B images; `bicubic` is used only with random interpolation."""

    box: Boxes
    upside_down: Tensor
    mirrored: Tensor
    bicubic: Tensor


@dataclass(frozen=True)
class CropsAndFlips:
    """The crops and flips of an epoch, for tensors and for Pillow alike.

    They depend on seed, epoch and position alone: recipes that differ in batch size or
    interpolation crop the same parts of the same images.
    """

    recipe: Recipe
    draws: PositionDraws

    @staticmethod
    def of(recipe: Recipe, sides: tuple[int, int], keys: tuple[int, ...]) -> "CropsAndFlips":
        """Crops and flips of images of equal `sides`, (height, width).

        `keys` are the purpose, the seed and the epoch.
        """
        return CropsAndFlips(recipe, PositionDraws(partial(_columns, recipe, sides), keys))

    def at(self, places: Sequence[int]) -> CropAndFlip:
        *box, upside_down, mirrored, bicubic = self.draws.of(places)
        return CropAndFlip(Boxes(*box), upside_down, mirrored, bicubic)

    def applied(self, picture: Picture, place: int) -> Picture:
        """Crop, resize and flip with Pillow the image at a position of the epoch's order."""
        view = self.at([place])
        top, left, height, width = (int(length) for length in view.box)
        box = (left, top, left + width, top + height)  # Pillow's order: left, upper, right, lower
        name = self.recipe.interpolation
        if name == "random":
            name = "bicubic" if view.bicubic else "bilinear"
        picture = picture.crop(box).resize(picture.size, Image.Resampling[name.upper()])
        picture = picture.transpose(Transpose.FLIP_LEFT_RIGHT) if view.mirrored else picture
        return picture.transpose(Transpose.FLIP_TOP_BOTTOM) if view.upside_down else picture


def _columns(recipe: Recipe, sides: tuple[int, int], draws: torch.Generator) -> list[Tensor]:
    """Crops and flips of PIECE images: the fields of a CropAndFlip, those of its box first."""
    box = crops(PIECE, recipe, sides=sides, draws=draws)
    vertical, horizontal, either = torch.rand(3, PIECE, generator=draws)
    # All three are drawn for any recipe, so that a change of one leaves the others alone.
    return [*box, vertical < recipe.vflip, horizontal < recipe.hflip, either < 0.5]


def crops(count: int, recipe: Recipe, *, sides: tuple[int, int], draws: torch.Generator) -> Boxes:
    """Random crops: ten tries at area and ratio, else the largest central box, as torchvision."""
    (low, high), (height, width) = recipe.ratio, sides
    scale = torch.rand(count, 10, generator=draws)
    # (count, 10), fractions of the area.
    scale = scale * (recipe.scale[1] - recipe.scale[0]) + recipe.scale[0]
    box = boxes(scale, ratio=(low, high), sides=sides, generator=draws)
    # The image's own ratio, width by height, if it is allowed.
    own = width / height
    ratio = min(max(own, low), high)
    centre = placed(
        torch.full((2, count), 0.5),
        height=(torch.full((count,), float(height)) * min(1.0, own / ratio)).round(),
        width=(torch.full((count,), float(width)) * min(1.0, ratio / own)).round(),
        sides=sides,
    )
    none = box.height == 0  # no try fitted
    return Boxes(*(torch.where(none, c, b) for c, b in zip(centre, box, strict=True)))
