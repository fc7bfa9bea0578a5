"""The count of one image: multiply-adds by kind, and activations.

Every multiply-add belongs to one of `KINDS`:

conv    a convolution
linear  a product of which one operand does not depend on the image: weights, however written
matmul  a product of two operands that both depend on the image, as in attention
norm    a normalisation, by fvcore's numbers: batch norm 2 per element, all others 5 (1 and 4
        without affine weights)

Autograd tells what depends on the image, because only the image requires a gradient. This also
keeps PyTorch from its fused encoder path, whose products no counter can see.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

Size = tuple[int, int, int]


class Count(NamedTuple):
    macs: dict[str, int]
    """Multiply-adds by kind."""
    activations: int | None
    """Output elements of convolutions and products; None where the counter has no count."""


def image(size: Size, device: str | torch.device) -> Tensor:
    """One black image (1, C, H, W) on which everything that depends on it requires a gradient."""
    # Not a leaf, because models may normalise their input in place.
    return torch.zeros(1, *size, device=device, requires_grad=True) * 1


def device_of(model: nn.Module) -> torch.device:
    return next(model.parameters(), torch.empty(0)).device
