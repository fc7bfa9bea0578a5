"""Small models whose multiply-adds are known."""

from collections.abc import Callable

import torch
from torch import nn

from study.models import build

TOKENS = (64, 56, 56)
SMALL = (3, 8, 8)


class ReducedAttention(nn.Module):
    """One head on a map of width 64, whose keys and values a convolution shrinks."""

    def __init__(self, ratio: int, fused: bool = False) -> None:
        super().__init__()
        self.ratio, self.fused = ratio, fused
        self.q, self.kv, self.out = (nn.Linear(64, width) for width in (64, 128, 64))
        shrink = nn.Conv2d(64, 64, ratio + 1, stride=ratio, padding=ratio // 2, groups=64)
        self.shrink = shrink if ratio > 1 else nn.Identity()

    def forward(self, image):
        q = self.q(image.flatten(2).mT)  # (B, N, C)
        k, v = self.kv(self.shrink(image).flatten(2).mT).chunk(2, dim=-1)  # (B, n, C)
        if self.fused:
            return self.out(nn.functional.scaled_dot_product_attention(q, k, v))
        return self.out((q @ k.mT / 8).softmax(-1) @ v)


class Formula(ReducedAttention):
    """The same with a closed form, which is `wrong` by so many products."""

    def __init__(self, ratio: int, wrong: int = 0) -> None:
        super().__init__(ratio)
        self.wrong = wrong

    def multiply_adds(self, height, width):
        N = height * width
        n = N // self.ratio**2
        shrink = 64 * (self.ratio + 1) ** 2 * n if self.ratio > 1 else 0
        products = 2 * N * n * 64 + self.wrong
        return {"conv": shrink, "linear": 64 * 64 * (2 * N + 2 * n), "matmul": products}


class Layer(nn.Module):
    """`layer` of the image as tokens x (B, 64, 3), of a weight w (3, 64) and a bias b (64)."""

    def __init__(self, layer: Callable[..., torch.Tensor]) -> None:
        super().__init__()
        self.layer = layer
        self.w, self.b = nn.Parameter(torch.zeros(3, 64)), nn.Parameter(torch.zeros(64))

    def forward(self, image):
        return self.layer(image.flatten(2).mT, self.w, self.b)


def on(make: Callable[[], nn.Module]) -> Callable[[str], nn.Module]:
    def build_on(device: str) -> nn.Module:
        with torch.device(device):
            return make()

    return build_on


def own(name: str, **arguments) -> Callable[[str], nn.Module]:
    return lambda device: build(
        name, arguments, num_classes=1000, in_chans=3, img_size=224, device=device
    )
