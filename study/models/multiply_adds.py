"""Cost of single layers in closed form: number of weights times output positions.

A convolution or linear layer uses each weight once for every output position. Norms are counted in
the operations that fvcore counts for them in eval mode.
"""

from collections import Counter

from torch import nn

Cost = Counter[str]
"""Multiply-adds by kind of layer (`KINDS`), and the `activations`: output elements of convolutions
and products. A Counter, so costs of layers can be added."""

ACTIVATIONS = "activations"

# The same as in `study.metrics`, on which models do not depend.
KINDS = ("conv", "linear", "matmul", "norm")


def conv(layer: nn.Conv2d, places: int) -> Cost:
    """Multiply-adds of a convolution; `places` is the number of output pixels."""
    return Cost(conv=layer.weight.numel() * places, activations=layer.out_channels * places)


def linear(layer: nn.Linear, tokens: int) -> Cost:
    """Multiply-adds of a linear layer; its bias is not counted."""
    return Cost(linear=layer.weight.numel() * tokens, activations=layer.out_features * tokens)


def batch_norm(layer: nn.BatchNorm2d, places: int) -> Cost:
    """Operations of batch norm in eval mode: a scale and a shift, 2 per element."""
    return Cost(norm=2 * layer.num_features * places)


def layer_norm(layer: nn.LayerNorm, tokens: int) -> Cost:
    """Operations of layer norm: mean, variance, normalise, scale and shift, 5 per element."""
    return Cost(norm=5 * layer.normalized_shape[0] * tokens)


def halved(length: int) -> int:
    """Output pixels of a convolution with kernel 3, stride 2, padding 1 along `length` pixels."""
    return -(-length // 2)  # rounded up
