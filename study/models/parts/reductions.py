"""Spatial reductions: shrink the map from which keys and values are computed.

Contract: build(channels, ratio) -> module, (B, C, H, W) -> (B, C, n(H), n(W)) with n = `reduced`.
Built for ratios above 1 only; `EMSA` puts a LayerNorm behind every one of them, as the released
code does behind the convolution (the paper does not say whether its pooling arms keep it).
"""

from typing import Unpack

from torch import Tensor, nn

from study.models import multiply_adds
from study.models.multiply_adds import Cost
from study.models.tensor_options import TensorOptions


def reduced(length: int, ratio: int) -> int:
    """Keys along a side of `length` pixels: kernel s+1, stride s, padding s/2 (rounded down)."""
    # Output length of a convolution, (L + 2 * padding - kernel) // stride + 1.
    return (length + 2 * (ratio // 2) - ratio - 1) // ratio + 1 if ratio > 1 else length


class Depthwise(nn.Conv2d):
    """Overlapping depth-wise convolution, as in ResT."""

    def __init__(self, channels: int, ratio: int, **dd: Unpack[TensorOptions]) -> None:
        # Kernel s+1, stride s, padding s/2: neighbouring windows overlap by one pixel.
        super().__init__(channels, channels, ratio + 1, ratio, ratio // 2, groups=channels, **dd)

    def multiply_adds(self, height: int, width: int) -> Cost:
        s = self.stride[0]
        return multiply_adds.conv(self, reduced(height, s) * reduced(width, s))


class Average(nn.AvgPool2d):
    """Average pooling over the windows of the convolution; padding is not counted."""

    def __init__(self, channels: int, ratio: int, **dd: Unpack[TensorOptions]) -> None:
        super().__init__(ratio + 1, ratio, ratio // 2, count_include_pad=False)

    def multiply_adds(self, height: int, width: int) -> Cost:
        return Cost()  # pooling has no weights, and its additions are free


class Maximum(nn.MaxPool2d):
    """Max pooling over the windows of the convolution."""

    def __init__(self, channels: int, ratio: int, **dd: Unpack[TensorOptions]) -> None:
        super().__init__(ratio + 1, ratio, ratio // 2)

    def multiply_adds(self, height: int, width: int) -> Cost:
        return Cost()


class Strided(nn.Module):
    """Full convolution over windows that do not overlap, as in PVT.

    A side that is no multiple of the ratio is padded with zeros, where PVT drops the rest, so that
    every reduction gives the same number of keys.
    """

    def __init__(self, channels: int, ratio: int, **dd: Unpack[TensorOptions]) -> None:
        super().__init__()
        rest = ratio - 1 - ratio % 2  # the windows then number as many as `reduced` says
        self.pad = nn.ZeroPad2d((0, rest, 0, rest))
        self.conv = nn.Conv2d(channels, channels, ratio, ratio, **dd)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(self.pad(x))  # (B, C, n(H), n(W))

    def multiply_adds(self, height: int, width: int) -> Cost:
        s = self.conv.stride[0]
        return multiply_adds.conv(self.conv, reduced(height, s) * reduced(width, s))


REDUCTIONS = {"depthwise": Depthwise, "average": Average, "maximum": Maximum, "strided": Strided}
