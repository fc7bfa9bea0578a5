"""Random erasing (arXiv 1708.04896), drawn by position in an epoch's order."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from study.tasks.classification.data.crop_boxes import boxes
from study.tasks.classification.data.position_draws import PIECE, PositionDraws
from study.tasks.classification.schema import Recipe

# Fraction of the area and aspect ratio of a patch, as in timm.
AREA, RATIO = (0.02, 1 / 3), (0.3, 1 / 0.3)


@dataclass(frozen=True)
class Erasing:
    """Random erasing for one epoch.

    It depends on seed, epoch and position alone, so it is the same at every batch size. Images that
    a smaller `reprob` erases are also erased at a larger one.
    """

    recipe: Recipe
    draws: PositionDraws

    @staticmethod
    def of(recipe: Recipe, sides: tuple[int, int], keys: tuple[int, ...]) -> "Erasing":
        """Random erasing of images of equal `sides`, (height, width).

        `keys` are the purpose, the seed and the epoch.
        """
        return Erasing(recipe, PositionDraws(partial(patches, recipe, sides), keys))

    def __call__(self, x: Tensor, places: Sequence[int]) -> None:
        """Erase patches of (B, C, H, W) in place; `places` are positions in the epoch's order.

        Noise is drawn on the device: a patch of it differs between cpu and cuda.
        """
        counts, seeds, patches_of = (column.tolist() for column in self.draws.of(places))
        random = torch.Generator(x.device)
        for image in (image for image, count in enumerate(counts) if count):
            random.manual_seed(seeds[image])
            for top, left, height, width in patches_of[image][: counts[image]]:
                patch = x[image, :, top : top + height, left : left + width]
                patch.copy_(self._filling(patch, random))

    def _filling(self, patch: Tensor, random: torch.Generator) -> Tensor:
        """The filling of a patch: zeros, one normal number per channel, or one per pixel.

        It is a new tensor because the numbers of a generator depend on the memory layout.
        """
        if self.recipe.remode == "const":
            return patch.new_zeros(())
        shape = patch.shape if self.recipe.remode == "pixel" else (len(patch), 1, 1)
        return torch.randn(shape, generator=random, device=patch.device)


def patches(
    recipe: Recipe, sides: tuple[int, int], draws: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Patches of PIECE images: count (0 for no erasing), seed of the noise, boxes.

    Boxes are (PIECE, recount, 4): top, left, height, width. An image has 1 to `recount` patches,
    each with its share of the area.
    """
    # Every number is drawn for every image, also where nothing is erased: so a change of reprob
    # leaves the patches of the other images alone.
    hit, many = torch.rand(2, PIECE, generator=draws)
    seeds = torch.randint(2**31, (PIECE,), generator=draws)
    counts = (many * recipe.recount).long() + 1
    every = []
    for _ in range(recipe.recount):
        # Ten tries per patch, and the area divided by the number of patches, both as in timm.
        scale = torch.rand(PIECE, 10, generator=draws) * (AREA[1] - AREA[0]) + AREA[0]
        box = boxes(scale / counts[:, None], ratio=RATIO, sides=sides, generator=draws)
        every.append(torch.stack([box.top, box.left, box.height, box.width], 1).long())
    return counts * (hit < recipe.reprob), seeds, torch.stack(every, 1)
