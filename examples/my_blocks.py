"""A reduction of one's own: a file outside the package that adds an entry to a slot."""

from math import comb
from typing import Any

import torch
from torch import Tensor, nn

from study.models.cost import Cost
from study.models.parts.reductions import REDUCTIONS, reduced


class Blur(nn.Module):
    """Binomial blur in the convolution's windows, which learns nothing.

    The convolution of `depthwise` with its weights fixed: the row of Pascal's triangle that has
    ratio + 1 numbers, along both sides, with sum 1.
    """

    kernel: Tensor

    def __init__(self, channels: int, ratio: int, **dd: Any) -> None:
        super().__init__()
        self.channels, self.ratio = channels, ratio
        row = torch.tensor([comb(ratio, i) / 2**ratio for i in range(ratio + 1)], **dd)
        kernel = torch.outer(row, row).repeat(channels, 1, 1, 1)  # (C, 1, s+1, s+1)
        self.register_buffer("kernel", kernel)  # moves with the model, and is in its checkpoints

    def forward(self, x: Tensor) -> Tensor:
        s = self.ratio
        return nn.functional.conv2d(x, self.kernel, None, s, s // 2, groups=self.channels)

    def multiply_adds(self, height: int, width: int) -> Cost:
        keys = reduced(height, self.ratio) * reduced(width, self.ratio)
        return Cost(conv=self.kernel.numel() * keys)


REDUCTIONS["blur"] = Blur
