"""A model of your own for timm: a small convolutional network with a gate that can be left out."""

from itertools import pairwise
from typing import Any

import torch
from timm.models import register_model
from torch import Tensor, nn


class GatedNet(nn.Module):
    """Three stages of convolutions, pooled to a vector; `gate` scales its channels."""

    def __init__(self, num_classes: int, in_chans: int, gate: bool = True, **dd: Any) -> None:
        super().__init__()
        widths = (in_chans, 16, 32, 64)
        self.stages = nn.ModuleList(
            nn.Conv2d(before, after, 3, stride=2, padding=1, **dd)
            for before, after in pairwise(widths)
        )
        self.gate = nn.Linear(widths[-1], widths[-1], **dd) if gate else None
        self.head = nn.Linear(widths[-1], num_classes, **dd)

    def forward(self, x: Tensor) -> Tensor:
        for stage in self.stages:
            x = stage(x).relu()
        x = x.mean((2, 3))  # (B, C)
        if self.gate is not None:
            x = x * torch.sigmoid(self.gate(x))
        return self.head(x)  # (B, classes)


@register_model
def gated_net(
    pretrained: bool = False,
    num_classes: int = 1000,
    in_chans: int = 3,
    gate: bool = True,
    device: Any = None,
    **others: Any,
) -> GatedNet:
    """Built for any image size; name `img_size` among the arguments to be given it."""
    # Of the others timm passes its configuration and its cache, which this model does not need.
    return GatedNet(num_classes, in_chans, gate, device=device)
