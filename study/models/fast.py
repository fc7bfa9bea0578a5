"""The same function of the same parameters, computed in another order and in less time.

`trainable` changes how a built ResT or PVT computes, and nothing that it holds. `attention.py`
stays the definition, and tests hold this file against it.

Letters as in `attention.py`, and W: the mixing of heads, (h, h); A: the softmax of the attention
logits, (B, h, N, n), whose rows sum to 1.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from timm.models import is_model_in_modules
from torch import Tensor, nn

from study.models.attention import (
    EMSA,
    AttentionWeights,
    HeadMix,
    NormalisedAttentionWeights,
    split,
)
from study.models.backbone import Backbone
from study.models.blocks import Mlp
from study.models.fast_linear import FastLinear
from study.models.surgery import replaced_inside


class FastEMSA(EMSA):
    """EMSA that works on n keys and values where `EMSA` works on N x n maps, (B, N, C) -> same.

    The bias of the head mix is constant along a row of the softmax, so it has no effect and here no
    gradient.
    """

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        if self.training and self.weights.drop.p > 0:
            return super().forward(x, size)  # dropout of weights that are normalised first
        k, v = self.kv(self.reduce(x, size)).chunk(2, dim=-1)  # (B, n, C) each
        if folds(x.shape[-2], k.shape[-2], x.shape[-1], self.heads):
            return self.proj_drop(self._folded(x, k, v))
        return self.proj_drop(self.proj(self.attended(x, k, v)))

    def attended(self, x: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """(B, N, C), keys and values (B, n, C) -> (B, N, C), before the projection of outputs."""
        # Dot-product attention of torch neither mixes heads nor normalises weights.
        if type(self.weights) is not AttentionWeights or isinstance(self.weights.mix, HeadMix):
            return self._by_keys(x, k, v)
        q, k, v = (split(t, self.heads) for t in (self.q(x), k, v))  # (B, h, N or n, d)
        y = nn.functional.scaled_dot_product_attention(q, k, v)  # (B, h, N, d)
        return y.transpose(1, 2).flatten(2)  # (B, N, C)

    def _folded(self, x: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Queries projected by the keys, and outputs by the values; (B, N, C) -> same."""
        h, d = self.heads, self.q.out_features // self.heads
        with precision(self.weights, x) as wide:
            keys = self._keys(k.to(wide))  # (B, h*n, C)
            # q k^T = (x Wq^T + b) k^T = x (k Wq)^T + b k^T
            through = keys @ self.q.weight.to(wide)  # (B, h*n, C)
            bias = keys @ self.q.bias.to(wide) if self.q.bias is not None else None  # (B, h*n)
            A = self._softmax(x.to(wide), through, bias)  # (B, N, h, n)
            values = normed(split(v.to(wide), h), A, self.weights)  # (B, h, n, d)
            # sum over heads of A_h v_h, times Wp^T: the small factors first.
            columns = self.proj.weight.to(wide).t().reshape(h, d, -1)  # (h, d, C)
            y = A.flatten(2) @ (values @ columns).flatten(1, 2)  # (B, N, C)
        return y.to(x.dtype) + self.proj.bias

    def _by_keys(self, x: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Heads mixed in the keys; as `attended`."""
        q = self.q(x)  # (B, N, C)
        with precision(self.weights, x) as wide:
            A = self._softmax(q.to(wide), self._keys(k.to(wide)), None)  # (B, N, h, n)
            values = normed(split(v.to(wide), self.heads), A, self.weights)  # (B, h, n, d)
            # In half precision A would lose what the norm amplifies.
            y = (A.transpose(1, 2) @ values).to(x.dtype)  # (B, h, N, d)
        return y.transpose(1, 2).flatten(2)  # (B, N, C)

    def _keys(self, k: Tensor) -> Tensor:
        """Keys of every head over the channels of all, (B, n, C) -> (B, h*n, C).

        The logits of head i, the sum over j of W_ij q_j k_j^T / sqrt(d), are one product of all
        channels of q with the k_j that are scaled by W_ij.
        """
        B, n, C = k.shape
        h, mix = self.heads, self.weights.mix
        weights = mix.weight[:, :, 0, 0].to(k.dtype) if isinstance(mix, HeadMix) else None
        if weights is None:
            weights = torch.eye(h, dtype=k.dtype, device=k.device)
        scaled = (weights * self.weights.scale)[:, None, :, None]  # (h, 1, h, 1)
        return (k.reshape(B, 1, n, h, C // h) * scaled).reshape(B, h * n, C)

    def _softmax(self, q: Tensor, keys: Tensor, bias: Tensor | None) -> Tensor:
        """(B, N, C), (B, h*n, C), (B, h*n) -> A, (B, N, h, n)."""
        keys = keys.transpose(-2, -1)  # (B, C, h*n)
        logits = q @ keys if bias is None else torch.baddbmm(bias[:, None], q, keys)  # (B, N, h*n)
        return logits.reshape(*logits.shape[:2], self.heads, -1).softmax(dim=-1)


def normed(v: Tensor, A: Tensor, weights: AttentionWeights) -> Tensor:
    """Values that bring the instance norm of A with them, (B, h, n, d) -> same.

    The mean of A is 1/n exactly, so IN(A) v = (A - 1/n) v / std = A (v - mean v) / std. Raises
    BuildError for a single attention weight, which has no variance.
    """
    if not isinstance(weights, NormalisedAttentionWeights):
        return v
    n = A.shape[-1]
    weights.check_input(A.shape[1], n)
    # Centred first: E[A^2] - 1/n^2 would lose the variance of nearly uniform maps in rounding.
    variance = (A - 1 / n).square().sum(dim=-1).mean(dim=1) / n  # (B, h)
    std = (variance + weights.norm.eps).sqrt()[..., None, None]  # (B, h, 1, 1)
    return (v - v.mean(dim=-2, keepdim=True)) / std


def folds(queries: int, keys: int, dim: int, heads: int) -> bool:
    """True if keys that carry the projection of the queries take fewer multiply-adds.

    They save N C^2, and cost h n C^2 and h - 1 products more of all channels. The projection of
    the outputs is alike.
    """
    return heads * keys * dim + (heads - 1) * queries * keys < queries * dim


@contextmanager
def precision(weights: nn.Module, x: Tensor) -> Iterator[torch.dtype]:
    """The dtype of the attention weights; as in `attention.py`, float32 at least if normalised."""
    if not isinstance(weights, NormalisedAttentionWeights):
        yield x.dtype
        return
    with torch.autocast("cuda", enabled=False), torch.autocast("cpu", enabled=False):
        yield torch.promote_types(x.dtype, torch.float32)


def channels_last(stem: nn.Module, inputs: tuple[Tensor]) -> tuple[Tensor]:
    """Images in the layout in which maps and tokens are views of each other."""
    return (inputs[0].contiguous(memory_format=torch.channels_last),)


def has_fast_path(name: str) -> bool:
    """True for the models that `trainable` takes, by their names for timm."""
    return bool(is_model_in_modules(name, ("rest", "pvt")))


def trainable(model: Backbone) -> Backbone:
    """Let `model` compute in less time, in training too; parameters and their names stay.

    Logits and gradients are those of the plain model but for rounding. Modules inside which surgery
    has swapped one stay as they are.
    """
    for module in model.modules():
        if replaced_inside(module):
            continue
        if type(module) in (EMSA, Mlp):
            for layer in module.children():
                if type(layer) is nn.Linear:
                    layer.__class__ = FastLinear
        if type(module) is EMSA:
            module.__class__ = FastEMSA
    model.stem.register_forward_pre_hook(channels_last)
    return model.to(memory_format=torch.channels_last)
