"""Random crop boxes, many at a time."""

import math
from typing import NamedTuple

import torch
from torch import Tensor


class Boxes(NamedTuple):
    """Boxes in whole pixels, each field (B,); height 0 means no box."""

    top: Tensor
    left: Tensor
    height: Tensor
    width: Tensor


def boxes(
    scale: Tensor,
    *,
    ratio: tuple[float, float],
    sides: tuple[int, int],
    generator: torch.Generator,
) -> Boxes:
    """One random box per row of `scale` (B, tries), fractions of the area: the first try that fits.

    `sides` are the height and width of the images.
    The ratio (width by height) is uniform in its logarithm, the corner uniform over free positions.
    """
    low, high = (math.log(r) for r in ratio)
    stretch = torch.rand(scale.shape, generator=generator).mul_(high - low).add_(low).exp_()
    area = math.prod(sides)
    width = (area * scale * stretch).sqrt_().round_()  # (B, tries)
    height = (area * scale / stretch).sqrt_().round_()
    fits = (width <= sides[1]) & (height <= sides[0]) & (width >= 1) & (height >= 1)
    first = fits.int().argmax(1, keepdim=True)  # of equals, the first
    width, height = ((s * fits).gather(1, first)[:, 0] for s in (width, height))
    # Top and left, as fractions of the free space.
    corner = torch.rand(2, len(scale), generator=generator)
    return placed(corner, height=height, width=width, sides=sides)


def placed(corner: Tensor, *, height: Tensor, width: Tensor, sides: tuple[int, int]) -> Boxes:
    """Boxes whose free space above and to the left is the fraction `corner` (2, B) of all."""
    top, left = (
        # Positions from 0 to side - length, both included, as in torchvision.
        (part * (side - length + 1)).floor_()
        for part, length, side in zip(corner, (height, width), sides, strict=True)
    )
    return Boxes(top, left, height, width)
