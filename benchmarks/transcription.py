"""ResT as its paper writes it down, one line for each formula.

The plain model must not be slower. It computes with the parameters of a built model, so that both
are the same function.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


class Transcription(nn.Module):
    """arXiv 2105.13677 over the parameters of `model`, (B, 3, H, W) -> (B, num_classes).

    `model` is a ResT with all of its parts.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model: Any = model

    def forward(self, x: Tensor) -> Tensor:
        stem = self.model.stem
        x = functional.relu(stem.norm1(stem.conv1(x)))
        x = functional.relu(stem.norm2(stem.conv2(x)))
        x = stem.conv3(x)  # (B, C, H/4, W/4)
        for index, stage in enumerate(self.model.stages):
            if index:
                x = stage.embed.norm(stage.embed.conv(x))  # patch embedding
            x = x * torch.sigmoid(stage.position.conv(x))  # pixel attention, equation 6
            B, C, H, W = x.shape
            x = x.flatten(2).permute(0, 2, 1)  # (B, N, C)
            for block in stage.blocks:
                x = x + emsa(block.attn, block.norm1(x), H, W)
                x = x + block.mlp.fc2(functional.gelu(block.mlp.fc1(block.norm2(x))))
            x = x.permute(0, 2, 1).reshape(B, C, H, W)
        x = self.model.norm(x).mean(dim=(2, 3))  # (B, C)
        return self.model.head(x)


def emsa(attn: Any, x: Tensor, H: int, W: int) -> Tensor:
    """IN(softmax(Conv(q k^T / sqrt(d)))) v, equation 4; (B, N, C) -> same."""
    B, N, C = x.shape
    h = attn.heads
    q = attn.q(x).reshape(B, N, h, C // h).permute(0, 2, 1, 3)  # (B, h, N, d)
    reduced = x
    if hasattr(attn.reduce, "shrink"):
        image = x.permute(0, 2, 1).reshape(B, C, H, W)
        reduced = attn.reduce.norm(attn.reduce.shrink(image).reshape(B, C, -1).permute(0, 2, 1))
    k, v = attn.kv(reduced).reshape(B, -1, 2, h, C // h).permute(2, 0, 3, 1, 4)  # (B, h, n, d)
    maps = q @ k.transpose(-2, -1) * (C // h) ** -0.5  # (B, h, N, n)
    if h > 1:
        mix = attn.weights.mix
        maps = functional.instance_norm(
            functional.conv2d(maps, mix.weight, mix.bias).softmax(dim=-1)
        )
    else:
        maps = maps.softmax(dim=-1)
    return attn.proj((maps @ v).permute(0, 2, 1, 3).reshape(B, N, C))
