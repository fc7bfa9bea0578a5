"""A trained model for inference: what weights alone decide is computed once.

`deployed` folds the batch norms of a model into its convolutions, and multiplies the projections of
attention with each other. On a CPU it runs fused operators of oneDNN, where torch has them.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from study.models.attention import EMSA, HeadMix
from study.models.backbone import Backbone
from study.models.blocks import Mlp, Stage, TransformerBlock
from study.models.fast import FastEMSA, folds, normed, trainable
from study.models.fused import FusedConv, FusedLinear
from study.models.multiply_adds import halved
from study.models.parts.embeddings import Overlapping, Plain
from study.models.parts.positions import PixelAttention
from study.models.parts.reductions import Depthwise
from study.models.parts.stems import ResNetStem, RestStem
from study.models.surgery import replaced_inside

FOLDED = (RestStem, ResNetStem, Overlapping, Plain)
"""Modules whose batch norms can be folded."""


class FoldedAttention(nn.Module):
    """x + EMSA(LN(x)) with its projections multiplied beforehand; x, y = LN(x): (B, N, C) -> same.

    One linear layer gives the keys of `FastEMSA`, its values and the bias of its logits.
    """

    def __init__(self, attn: EMSA) -> None:
        super().__init__()
        h, C = attn.heads, attn.q.out_features
        d = C // h
        self.heads, self.reduce, self.weights = h, attn.reduce, attn.weights
        query = attn.q.weight.reshape(h, d, C)
        key, value = attn.kv.weight.reshape(2, h, d, C)
        mix = attn.weights.mix
        mixing = mix.weight[:, :, 0, 0] if isinstance(mix, HeadMix) else torch.eye(h).to(key)
        mixing = mixing * attn.weights.scale
        output = attn.proj.weight.reshape(C, h, d)
        keys = torch.einsum("ij,jdq,jdk->iqk", mixing, query, key).reshape(h * C, C)
        values = torch.einsum("cjd,jdk->jck", output, value).reshape(h * C, C)
        bias = torch.zeros(h * C + h * C + h).to(key)
        biases = torch.zeros(h, C).to(key)
        if attn.q.bias is not None:
            # A bias of the keys is constant along a row of the softmax, and has no effect.
            biases = torch.einsum("ij,jd,jdk->ik", mixing, attn.q.bias.reshape(h, d), key)
            part = torch.einsum("cjd,jd->jc", output, attn.kv.bias[C:].reshape(h, d))
            bias[h * C : 2 * h * C] = part.flatten()
        linear = nn.Linear(C, 2 * h * C + h).to(key)
        linear.weight.copy_(torch.cat([keys, values, biases]))
        linear.bias.copy_(bias)
        self.kvb = FusedLinear(linear)
        # Rows of A sum to 1 in every head, so a share of the bias in every value adds up to it.
        self.share: Tensor
        self.register_buffer("share", attn.proj.bias / h)

    def forward(self, x: Tensor, y: Tensor, size: tuple[int, int]) -> Tensor:
        B, _, C = x.shape
        h = self.heads
        kvb = self.kvb(self.reduce(y, size))  # (B, n, 2hC + h)
        k, v, bias = kvb.split([h * C, h * C, h], dim=-1)
        n = k.shape[1]
        k = k.reshape(B, n, h, C).permute(0, 3, 2, 1).reshape(B, C, h * n)
        bias = bias.transpose(1, 2).reshape(B, 1, h * n)
        A = torch.baddbmm(bias, y, k).reshape(B, -1, h, n).softmax(dim=-1)  # (B, N, h, n)
        v = normed(v.reshape(B, n, h, C).transpose(1, 2), A, self.weights) + self.share
        return torch.baddbmm(x, A.flatten(2), v.reshape(B, h * n, C))  # (B, N, C)


class Attention(nn.Module):
    """x + EMSA(LN(x)) with fused linear layers; x, y = LN(x): (B, N, C) -> same."""

    def __init__(self, attn: FastEMSA) -> None:
        super().__init__()
        self.proj = FusedLinear(attn.proj)
        for name, layer in (("q", attn.q), ("kv", attn.kv)):
            setattr(attn, name, FusedLinear(layer))
        setattr(attn, "proj", nn.Identity())  # noqa: B010  it is another type of layer
        self.attn = attn

    def forward(self, x: Tensor, y: Tensor, size: tuple[int, int]) -> Tensor:
        k, v = self.attn.kv(self.attn.reduce(y, size)).chunk(2, dim=-1)  # (B, n, C) each
        return self.proj(self.attn.attended(y, k, v), add=x)  # (B, N, C)


class DeployedBlock(nn.Module):
    """A transformer block with fused operators, (B, N, C) -> same."""

    def __init__(self, block: TransformerBlock, attn: FastEMSA, size: tuple[int, int]) -> None:
        super().__init__()
        self.norm1, self.norm2 = block.norm1, block.norm2
        queries, keys = size[0] * size[1], attn.reduce.keys(*size)
        folded = folds(queries, keys, attn.q.out_features, attn.heads)
        self.attn = FoldedAttention(attn) if folded else Attention(attn)
        self.fc1, self.fc2 = FusedLinear(block.mlp.fc1, "gelu"), FusedLinear(block.mlp.fc2)

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        x = self.attn(x, self.norm1(x), size)  # (B, N, C)
        return self.fc2(self.fc1(self.norm2(x)), add=x)  # (B, N, C)


class DeployedPosition(nn.Module):
    """Pixel attention whose sigmoid is part of the convolution, (B, C, H, W) -> same."""

    def __init__(self, position: PixelAttention) -> None:
        super().__init__()
        self.conv = FusedConv(position.conv, "sigmoid")

    def forward(self, x: Tensor) -> Tensor:
        return x * self.conv(x)  # (B, C, H, W)


@torch.no_grad()
def deployed(model: Backbone, size: tuple[int, int]) -> Backbone:
    """Let `model` infer in less time: no gradients, evaluation alone.

    `size`, height and width of the images that are expected, decides what is folded where; other
    sizes work too. Logits are those of the plain model but for rounding.
    """
    model = trainable(model).eval().requires_grad_(False)
    _fold_norms(model)
    H, W = (halved(halved(side)) for side in size)
    for stage in model.stages:
        if type(stage) is not Stage:
            continue  # replaced by a module that leaves the map's shape
        H, W = stage.size(H, W)
        map_size = stage.token.size(H, W)
        stage.blocks = nn.ModuleList(_block(block, map_size) for block in stage.blocks)
        if type(stage.position) is PixelAttention and not replaced_inside(stage.position):
            stage.position = DeployedPosition(stage.position)
    _fuse_convolutions(model)
    return model


def _block(block: nn.Module, size: tuple[int, int]) -> nn.Module:
    """A block with fused operators, or as it is where a module of it was replaced."""
    if type(block) is not TransformerBlock or replaced_inside(block):
        return block
    # `trainable` gives attention of this package a class of its own.
    if not isinstance(block.attn, FastEMSA) or type(block.mlp) is not Mlp:
        return block
    return DeployedBlock(block, block.attn, size)


def _fold_norms(model: nn.Module) -> None:
    """Batch norms become part of the convolutions before them: `norm1` of `conv1`."""
    for module in model.modules():
        # Here a norm follows the convolution of its number; in a user's part it need not.
        folded = type(module) in FOLDED and not replaced_inside(module)
        for name, norm in list(module.named_children()) if folded else ():
            if isinstance(norm, nn.BatchNorm2d):
                conv = name.replace("norm", "conv")
                setattr(module, conv, fuse_conv_bn_eval(getattr(module, conv), norm))
                setattr(module, name, nn.Identity())


def _fuse_convolutions(model: nn.Module) -> None:
    """Convolutions with packed weights, and with the ReLU behind them in ResT's stem."""
    if type(model.stem) is RestStem and not replaced_inside(model.stem):
        for name, conv in (("conv1", model.stem.conv1), ("conv2", model.stem.conv2)):
            setattr(model.stem, name, FusedConv(conv, "relu"))
        setattr(model.stem, "act", nn.Identity())  # noqa: B010  it is another type of layer
    for module in list(model.modules()):
        # A module of the user's may read its convolution's weight, or have one of its own class.
        own = type(module).__module__.startswith("study.models.") and type(module) is not FusedConv
        for name, child in list(module.named_children()) if own else ():
            if isinstance(child, nn.Conv2d) and type(child) in (nn.Conv2d, Depthwise):
                setattr(module, name, FusedConv(child))
