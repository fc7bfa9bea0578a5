"""Efficient multi-head self-attention (EMSA) of ResT, arXiv 2105.13677.

EMSA(q, k, v) = IN(softmax(Conv(q k^T / sqrt(d)))) v, with k and v taken from a reduced map.

Letters: B images, h heads, d channels per head, C = h*d channels, N queries, n keys. As released, a
stage with one head has neither Conv nor IN, and q, k, v, Conv and the projection have biases.
"""

from typing import Any, TypedDict, Unpack

import torch
from timm.layers import register_notrace_module
from torch import Tensor, nn

from study.errors import BuildError
from study.models import multiply_adds
from study.models.multiply_adds import Cost
from study.models.parts.reductions import REDUCTIONS, reduced
from study.models.tensor_options import TensorOptions


class HeadMix(nn.Conv2d):
    """1x1 convolution over heads, (B, h, N, n) -> same, in the precision of its input."""

    def __init__(self, heads: int, **dd: Unpack[TensorOptions]) -> None:
        super().__init__(heads, heads, 1, **dd)

    def forward(self, x: Tensor) -> Tensor:
        # Where autocast is off, nothing else casts the weights of a model in half precision.
        bias = self.bias
        bias = bias.to(x.dtype) if bias is not None else None
        return self._conv_forward(x, self.weight.to(x.dtype), bias)

    def multiply_adds(self, queries: int, keys: int) -> Cost:
        return multiply_adds.conv(self, queries * keys)


class Unmixed(nn.Identity):
    """Attention heads that are not mixed, (B, h, N, n) -> same."""

    def multiply_adds(self, queries: int, keys: int) -> Cost:
        return Cost()


class AttentionWeights(nn.Module):
    """Softmax attention weights, (B, h, N, d), (B, h, n, d) -> (B, h, N, n)."""

    def __init__(
        self,
        dim: int,
        heads: int,
        *,
        mix: bool,
        drop: float,
        stride: int,
        **dd: Unpack[TensorOptions],
    ) -> None:
        super().__init__()
        self.dim, self.heads, self.stride = dim, heads, stride
        self.scale = (dim // heads) ** -0.5  # 1 / sqrt(d)
        self.mix: HeadMix | Unmixed = HeadMix(heads, **dd) if mix else Unmixed()
        self.drop = nn.Dropout(drop)

    def forward(self, q: Tensor, k: Tensor) -> Tensor:
        logits = q @ k.transpose(-2, -1) * self.scale  # (B, h, N, n)
        # (B, h, N, n); each row sums to 1 before dropout.
        return self.drop(self.mix(logits).softmax(dim=-1))

    def check_input(self, queries: int, keys: int) -> None:
        """Softmax works for any number of keys."""

    def multiply_adds(self, queries: int, keys: int) -> Cost:
        # q k^T of all heads: h * d = dim products for each pair of query and key.
        products = Cost(matmul=self.dim * queries * keys, activations=self.heads * queries * keys)
        return products + self.mix.multiply_adds(queries, keys)


@register_notrace_module  # a traced graph would lose the float32 that is enforced here
class NormalisedAttentionWeights(AttentionWeights):
    """Attention weights, instance-normalised per image and head over all queries and keys.

    Computed in float32 at least. At initialisation the weights of a head have a variance near
    1e-10, which half precision does not resolve and which the norm (eps 1e-5, no affine part)
    amplifies.
    """

    def __init__(
        self,
        dim: int,
        heads: int,
        *,
        mix: bool,
        drop: float,
        stride: int,
        **dd: Unpack[TensorOptions],
    ) -> None:
        super().__init__(dim, heads, mix=mix, drop=drop, stride=stride, **dd)
        # torch's defaults, as released: neither affine part nor running statistics, so training and
        # evaluation normalise alike.
        self.norm = nn.InstanceNorm2d(heads)

    def forward(self, q: Tensor, k: Tensor) -> Tensor:
        if not torch.jit.is_scripting():  # type: ignore[attr-defined]
            self.check_input(q.shape[-2], k.shape[-2])
        # Both devices by name, since the meta device has no autocast. TorchScript ignores this
        # under autocast, so run a scripted model in one precision.
        with torch.autocast("cuda", enabled=False), torch.autocast("cpu", enabled=False):
            precise = torch.promote_types(q.dtype, torch.float32)
            logits = q.to(precise) @ k.to(precise).transpose(-2, -1) * self.scale
            weights = self.norm(self.mix(logits).softmax(dim=-1))  # each row sums to 0 now, not 1
            return self.drop(weights).to(q.dtype)

    def check_input(self, queries: int, keys: int) -> None:
        """Raises BuildError for a single attention weight, which has no variance."""
        if queries * keys == 1:
            message = (
                f"instance norm of a single attention weight: at stride {self.stride} the map of "
                f"this image is one pixel. Use at least {self.stride + 1} px ({2 * self.stride} px "
                "as a multiple of the stride), or attn_norm: false"
            )
            raise BuildError(message, argument="attn_norm")

    def multiply_adds(self, queries: int, keys: int) -> Cost:
        norm = Cost(norm=4 * self.heads * queries * keys)  # mean, variance, normalise
        return super().multiply_adds(queries, keys) + norm


class Reduce(nn.Module):
    """Spatial reduction of the tokens, then LayerNorm; (B, N, C) -> (B, n, C)."""

    def __init__(
        self, dim: int, ratio: int, *, reduction: str, **dd: Unpack[TensorOptions]
    ) -> None:
        super().__init__()
        self.ratio = ratio
        self.shrink: Any = REDUCTIONS[reduction](dim, ratio, **dd)
        self.norm = nn.LayerNorm(dim, **dd)

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        B, _, C = x.shape
        x = x.transpose(1, 2).reshape(B, C, size[0], size[1])  # (B, C, H, W)
        return self.norm(self.shrink(x).flatten(2).transpose(1, 2))  # (B, n, C)

    def keys(self, height: int, width: int) -> int:
        return reduced(height, self.ratio) * reduced(width, self.ratio)

    def multiply_adds(self, height: int, width: int) -> Cost:
        norm = multiply_adds.layer_norm(self.norm, self.keys(height, width))
        return self.shrink.multiply_adds(height, width) + norm


class Keep(nn.Module):
    """No reduction: at ratio 1 the released code has neither convolution nor norm."""

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        return x

    def keys(self, height: int, width: int) -> int:
        return height * width

    def multiply_adds(self, height: int, width: int) -> Cost:
        return Cost()


def split(x: Tensor, heads: int) -> Tensor:
    """Channels into heads, (B, N, h*d) -> (B, h, N, d)."""
    B, N, C = x.shape
    return x.reshape(B, N, heads, C // heads).transpose(1, 2)  # (B, h, N, d)


class AttentionArguments(TypedDict):
    """Arguments of `EMSA` that all blocks of a model share, beside the stride of their stage."""

    reduction: str
    head_mix: bool
    attn_norm: bool
    qkv_bias: bool
    attn_drop: float
    stride: int
    """Pixels of the image per pixel of the map."""


class EMSA(nn.Module):
    """Efficient multi-head self-attention, (B, N, C) -> (B, N, C), with N = H*W of `size`."""

    def __init__(
        self,
        dim: int,
        heads: int,
        ratio: int,
        *,
        reduction: str,
        head_mix: bool,
        attn_norm: bool,
        qkv_bias: bool,
        attn_drop: float,
        proj_drop: float,
        stride: int,
        **dd: Unpack[TensorOptions],
    ) -> None:
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(dim, dim, bias=qkv_bias, **dd)  # (B, N, C)
        self.reduce = Reduce(dim, ratio, reduction=reduction, **dd) if ratio > 1 else Keep()
        # One projection for both: keys and values come from the same reduced map.
        self.kv = nn.Linear(dim, 2 * dim, bias=qkv_bias, **dd)
        # As released: a stage with one head has neither the convolution nor the instance norm.
        weights = NormalisedAttentionWeights if attn_norm and heads > 1 else AttentionWeights
        mix = head_mix and heads > 1
        self.weights = weights(dim, heads, mix=mix, drop=attn_drop, stride=stride, **dd)
        self.proj = nn.Linear(dim, dim, **dd)  # always with a bias, as released
        self.proj_drop = nn.Dropout(proj_drop)

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        q = split(self.q(x), self.heads)  # (B, h, N, d)
        k, v = self.kv(self.reduce(x, size)).chunk(2, dim=-1)  # (B, n, C) each
        k, v = split(k, self.heads), split(v, self.heads)  # (B, h, n, d)
        y = self.weights(q, k) @ v  # (B, h, N, d)
        return self.proj_drop(self.proj(y.transpose(1, 2).flatten(2)))  # (B, N, C)

    def check_input(self, height: int, width: int) -> None:
        """Raises BuildError for a map that leaves no key, or too few weights to normalise."""
        keys = self.reduce.keys(height, width)  # n
        if keys < 1:
            message = f"ratio {self.reduce.ratio} leaves no key of a {height}x{width} map"
            raise BuildError(message, argument="ratios")
        self.weights.check_input(height * width, keys)

    def multiply_adds(self, height: int, width: int) -> Cost:
        N, n = height * width, self.reduce.keys(height, width)
        projections = (
            multiply_adds.linear(self.q, N)
            + multiply_adds.linear(self.kv, n)
            + multiply_adds.linear(self.proj, N)
        )
        dim = self.weights.dim
        product = Cost(matmul=dim * N * n, activations=dim * N)  # weights @ v
        weights = self.weights.multiply_adds(N, n)
        return projections + self.reduce.multiply_adds(height, width) + weights + product
