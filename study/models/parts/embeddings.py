"""Patch embeddings: halve the map and widen its channels between two stages.

Contract: build(channels, dim) -> module, (B, channels, H, W) -> (B, dim, H/2, W/2), rounded up. The
convolution is called `conv`, the norm behind it `norm`. Where windows do not overlap, an odd side
is padded with zeros, so that every embedding gives a map of the same size.
"""

from collections.abc import Callable
from typing import Any, Unpack

from torch import Tensor, nn

from study.models import multiply_adds
from study.models.channel_norm import ChannelNorm
from study.models.multiply_adds import Cost, halved
from study.models.tensor_options import TensorOptions


class Overlapping(nn.Module):
    """3x3 convolution of stride 2, then BatchNorm, as in ResT."""

    def __init__(self, channels: int, dim: int, **dd: Unpack[TensorOptions]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, dim, 3, 2, 1, **dd)  # with a bias, as released
        self.norm = nn.BatchNorm2d(dim, **dd)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x))  # (B, dim, H/2, W/2)

    def multiply_adds(self, height: int, width: int) -> Cost:
        places = halved(height) * halved(width)
        return multiply_adds.conv(self.conv, places) + multiply_adds.batch_norm(self.norm, places)


class Plain(nn.Module):
    """2x2 convolution of stride 2, then BatchNorm: ResT's embedding without overlap."""

    def __init__(
        self,
        channels: int,
        dim: int,
        *,
        norm: Callable[..., Any] = nn.BatchNorm2d,
        **dd: Unpack[TensorOptions],
    ) -> None:
        super().__init__()
        self.pad = nn.ZeroPad2d((0, 1, 0, 1))  # no window of an even side reaches it
        self.conv = nn.Conv2d(channels, dim, 2, 2, **dd)
        self.norm = norm(dim, **dd)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(self.pad(x)))  # (B, dim, H/2, W/2)

    def multiply_adds(self, height: int, width: int) -> Cost:
        places = halved(height) * halved(width)
        return multiply_adds.conv(self.conv, places) + multiply_adds.batch_norm(self.norm, places)


class PvtEmbedding(Plain):
    """PVT's 2x2 convolution of stride 2, then LayerNorm."""

    def __init__(self, channels: int, dim: int, **dd: Unpack[TensorOptions]) -> None:
        super().__init__(channels, dim, norm=ChannelNorm, **dd)

    def multiply_adds(self, height: int, width: int) -> Cost:
        places = halved(height) * halved(width)
        return multiply_adds.conv(self.conv, places) + multiply_adds.layer_norm(self.norm, places)


EMBEDDINGS = {"overlapping": Overlapping, "plain": Plain, "pvt": PvtEmbedding}
