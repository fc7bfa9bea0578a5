"""Position encodings: make a map depend on where its pixels are.

Contract: build(channels, size) -> module, (B, C, H, W) -> same; `size` is the (H, W) the model is
built for. Four sites: behind the stem and behind each patch embedding.
"""

from typing import Unpack

import torch
from timm.layers import register_notrace_function
from torch import Tensor, nn

from study.models import multiply_adds
from study.models.multiply_adds import Cost
from study.models.tensor_options import TensorOptions


# A traced graph would keep the branch that the size of its first image took.
@register_notrace_function
def resized(theta: Tensor, height: int, width: int) -> Tensor:
    """`theta`, (1, C, H, W), at another size: bilinear, as PVT's released code resamples."""
    if theta.shape[-2] == height and theta.shape[-1] == width:
        return theta
    precise = theta.to(torch.promote_types(theta.dtype, torch.float32))
    resampled = nn.functional.interpolate(precise, size=[height, width], mode="bilinear")
    return resampled.to(theta.dtype)


class Absent(nn.Identity):
    """No position encoding; zero padding of convolutions still reveals the border."""

    def multiply_adds(self, height: int, width: int) -> Cost:
        return Cost()


class Learned(nn.Module):
    """x + theta, one learned number per channel and pixel, as in PVT.

    ResT's released code has no learned position, so its form here is PVT's: truncated normal with
    std 0.02, interpolated for images of another size than `img_size`.
    """

    def __init__(self, channels: int, size: tuple[int, int], **dd: Unpack[TensorOptions]) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.empty(1, channels, *size, **dd))
        nn.init.trunc_normal_(self.theta, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        return x + resized(self.theta, x.shape[-2], x.shape[-1])  # (B, C, H, W)

    def multiply_adds(self, height: int, width: int) -> Cost:
        return Cost()  # additions are free


class GroupLinear(nn.Module):
    """x + a 3x3 depth-wise convolution of x.

    The paper calls it group linear (GL). A 1x1 convolution with one group per channel would carry
    no position, so this follows the class in the released code, which is not used there.
    """

    def __init__(self, channels: int, size: tuple[int, int], **dd: Unpack[TensorOptions]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, 1, 1, groups=channels, **dd)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x)  # (B, C, H, W)

    def multiply_adds(self, height: int, width: int) -> Cost:
        return multiply_adds.conv(self.conv, height * width)


class PixelAttention(nn.Module):
    """x times the sigmoid of a 3x3 depth-wise convolution of x, as in ResT."""

    def __init__(self, channels: int, size: tuple[int, int], **dd: Unpack[TensorOptions]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, 1, 1, groups=channels, **dd)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.conv(x).sigmoid()  # in (0, 1), per channel and pixel

    def multiply_adds(self, height: int, width: int) -> Cost:
        return multiply_adds.conv(self.conv, height * width)


POSITIONS = {"none": Absent, "learned": Learned, "gl": GroupLinear, "pa": PixelAttention}
