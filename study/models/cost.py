"""Multiply-adds of single layers, in closed form: what the layer is, times how often it is used.

A weight of a convolution or linear layer is used once at every place it writes to, so its
multiply-adds are its number of weights times the number of places. Norms are in the operations
that fvcore counts for them in eval mode.
"""

from collections import Counter

from torch import nn

Cost = Counter[str]
KINDS = ("conv", "linear", "matmul", "norm")


def conv(layer: nn.Conv2d, places: int) -> Cost:
    """`places` is the number of pixels of the output."""
    return Cost(conv=layer.weight.numel() * places)


def linear(layer: nn.Linear, tokens: int) -> Cost:
    return Cost(linear=layer.weight.numel() * tokens)


def batch_norm(layer: nn.BatchNorm2d, places: int) -> Cost:
    """In eval mode it is one scale and one shift: 2 per element."""
    return Cost(norm=2 * layer.num_features * places)


def layer_norm(layer: nn.LayerNorm, tokens: int) -> Cost:
    """Mean, variance, normalise, scale and shift: 5 per element."""
    return Cost(norm=5 * layer.normalized_shape[0] * tokens)


def halved(length: int) -> int:
    """What a convolution of kernel 3, stride 2, padding 1 leaves of `length` pixels."""
    return -(-length // 2)
