"""Layers for inference that compute what follows them too: an activation, or a sum.

On a CPU they are single operators of oneDNN. torch offers these to its own compiler only, so they
are tested before use; elsewhere the same is computed in two steps.
"""

from collections.abc import Callable, Iterator
from functools import cache

import torch
from torch import Tensor, nn

from study.models.fast_linear import computed

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "none": nn.Identity(),
    "relu": nn.functional.relu,
    "gelu": nn.functional.gelu,
    "sigmoid": torch.sigmoid,
}


class FusedLinear(nn.Module):
    """act(x W^T + b), or x W^T + b + `add`."""

    def __init__(self, linear: nn.Linear, act: str = "none", *, pack: bool | None = None) -> None:
        super().__init__()
        self.act, self.bias, self.packed = act, linear.bias, None
        # One of both, so that weights are in memory once.
        self.plain: nn.Linear | None = linear
        if fits(linear.weight) if pack is None else pack:
            # For one row: the layout that it gives is as fast for more.
            self.packed = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach(), 1)
            self.plain = None

    def forward(self, x: Tensor, add: Tensor | None = None) -> Tensor:
        if self.plain is not None:
            y = self.plain(x)
            return ACTIVATIONS[self.act](y) if add is None else y + add
        fused = torch.ops.mkldnn._linear_pointwise
        if add is None:
            return fused(x, self.packed, self.bias, self.act, [], "none")
        return fused.binary(x, add, self.packed, self.bias, "add")


class FusedConv(nn.Module):
    """The activation of a convolution, (B, C, H, W) -> (B, C', H', W')."""

    def __init__(self, conv: nn.Conv2d, act: str = "none", *, pack: bool | None = None) -> None:
        super().__init__()
        self.act, self.bias, self.packed = act, conv.bias, None
        self.plain: nn.Conv2d | None = conv
        if fits(conv.weight) if pack is None else pack:
            self.geometry = (conv.padding, conv.stride, conv.dilation, conv.groups)
            self.packed = torch.ops.mkldnn._reorder_convolution_weight(
                conv.weight.detach(), *self.geometry
            )
            self.plain = None

    def forward(self, x: Tensor) -> Tensor:
        if self.plain is not None:
            return ACTIVATIONS[self.act](self.plain(x))
        fused = torch.ops.mkldnn._convolution_pointwise
        return fused(x, self.packed, self.bias, *self.geometry, self.act, [], "none")


def fits(weight: Tensor) -> bool:
    """True if oneDNN's operators take this weight, and are there."""
    return weight.device.type == "cpu" and weight.dtype == torch.float32 and available()


@cache
def available() -> bool:
    """True if torch has the operators, and they compute what they should."""
    with torch.random.fork_rng(devices=[]):
        return computed(_pairs)


def _pairs() -> Iterator[tuple[Tensor, Tensor]]:
    linear, conv = nn.Linear(3, 2), nn.Conv2d(2, 2, 3, padding=1)
    x, image = torch.randn(4, 3), torch.randn(1, 2, 4, 4)
    layer = FusedLinear(linear, "gelu", pack=True)
    yield layer(x), nn.functional.gelu(linear(x))
    yield layer(x, add=linear(x)), 2 * linear(x)
    yield FusedConv(conv, "sigmoid", pack=True)(image), conv(image).sigmoid()
