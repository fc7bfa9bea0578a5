"""Stems: map an image to the first feature map, at a quarter of its side.

Contract: build(in_chans, channels) -> module, (B, in_chans, H, W) -> (B, channels, H/4, W/4),
rounded up. The layer that reads the image is called `conv1`; timm adapts its weights to
`in_chans`.
"""

from typing import Unpack

from torch import Tensor, nn

from study.models import multiply_adds
from study.models.channel_norm import ChannelNorm
from study.models.multiply_adds import Cost, halved
from study.models.tensor_options import TensorOptions


class RestStem(nn.Module):
    """Three 3x3 convolutions of stride 2, 1, 2, as in ResT's released code."""

    def __init__(self, in_chans: int, channels: int, **dd: Unpack[TensorOptions]) -> None:
        super().__init__()
        hidden = channels // 2  # as released
        self.conv1 = nn.Conv2d(in_chans, hidden, 3, 2, 1, bias=False, **dd)
        self.norm1 = nn.BatchNorm2d(hidden, **dd)
        self.conv2 = nn.Conv2d(hidden, hidden, 3, 1, 1, bias=False, **dd)
        self.norm2 = nn.BatchNorm2d(hidden, **dd)
        self.conv3 = nn.Conv2d(hidden, channels, 3, 2, 1, bias=False, **dd)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.norm1(self.conv1(x)))  # (B, C/2, H/2, W/2)
        x = self.act(self.norm2(self.conv2(x)))  # (B, C/2, H/2, W/2)
        return self.conv3(x)  # (B, C, H/4, W/4); as released, no norm and no activation

    def multiply_adds(self, height: int, width: int) -> Cost:
        half = halved(height) * halved(width)
        quarter = halved(halved(height)) * halved(halved(width))
        norms = multiply_adds.batch_norm(self.norm1, half) + multiply_adds.batch_norm(
            self.norm2, half
        )
        convs = multiply_adds.conv(self.conv1, half) + multiply_adds.conv(self.conv2, half)
        return convs + norms + multiply_adds.conv(self.conv3, quarter)


class ResNetStem(nn.Module):
    """7x7 convolution of stride 2, then 3x3 max pooling of stride 2, as in ResNet."""

    def __init__(self, in_chans: int, channels: int, **dd: Unpack[TensorOptions]) -> None:
        super().__init__()
        # No bias, since the norm behind it has one.
        self.conv1 = nn.Conv2d(in_chans, channels, 7, 2, 3, bias=False, **dd)
        self.norm1 = nn.BatchNorm2d(channels, **dd)
        self.act = nn.ReLU()
        self.pool = nn.MaxPool2d(3, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.norm1(self.conv1(x)))  # (B, C, H/2, W/2)
        return self.pool(x)  # (B, C, H/4, W/4)

    def multiply_adds(self, height: int, width: int) -> Cost:
        half = halved(height) * halved(width)
        return multiply_adds.conv(self.conv1, half) + multiply_adds.batch_norm(self.norm1, half)


class PvtStem(nn.Module):
    """4x4 convolution of stride 4, then LayerNorm, as in PVT.

    The ResT paper names this stem without describing it: here it has PVT's norm (eps 1e-5), and a
    position encoding follows it as it follows the other stems. A side that is no multiple of 4 is
    padded with zeros, where PVT drops the rest, so that every stem gives a map of the same size.
    """

    def __init__(self, in_chans: int, channels: int, **dd: Unpack[TensorOptions]) -> None:
        super().__init__()
        self.pad = nn.ZeroPad2d((0, 3, 0, 3))  # no window reaches it if 4 divides the side
        self.conv1 = nn.Conv2d(in_chans, channels, 4, 4, **dd)
        self.norm1 = ChannelNorm(channels, **dd)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm1(self.conv1(self.pad(x)))  # (B, C, H/4, W/4)

    def multiply_adds(self, height: int, width: int) -> Cost:
        quarter = halved(halved(height)) * halved(halved(width))
        return multiply_adds.conv(self.conv1, quarter) + multiply_adds.layer_norm(
            self.norm1, quarter
        )


STEMS = {"rest": RestStem, "resnet": ResNetStem, "pvt": PvtStem}
