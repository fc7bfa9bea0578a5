"""Random crop boxes in square images, many at a time."""

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
    scale: Tensor, *, ratio: tuple[float, float], side: int, generator: torch.Generator
) -> Boxes:
    """One random box per row of `scale` (B, tries), fractions of the area: the first try that fits.

    The ratio (width by height) is uniform in its logarithm, the corner uniform over free positions.
    """
    low, high = (math.log(r) for r in ratio)
    stretch = torch.rand(scale.shape, generator=generator).mul_(high - low).add_(low).exp_()
    width = (side**2 * scale * stretch).sqrt_().round_()  # (B, tries)
    height = (side**2 * scale / stretch).sqrt_().round_()
    fits = (width <= side) & (height <= side) & (width >= 1) & (height >= 1)
    first = fits.int().argmax(1, keepdim=True)  # of equals, the first
    width, height = ((s * fits).gather(1, first)[:, 0] for s in (width, height))
    # Top and left, as fractions of the free space.
    corner = torch.rand(2, len(scale), generator=generator)
    return placed(corner, height=height, width=width, side=side)


def placed(corner: Tensor, *, height: Tensor, width: Tensor, side: int) -> Boxes:
    """Boxes whose free space above and to the left is the fraction `corner` (2, B) of all."""
    top, left = (
        # Positions from 0 to side - length, both included, as in torchvision.
        (part * (side - length + 1)).floor_()
        for part, length in zip(corner, (height, width), strict=True)
    )
    return Boxes(top, left, height, width)
