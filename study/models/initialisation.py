"""Initialisation of random weights, as in the released codes of ResT and PVT."""

from torch import nn


def init_linear(module: nn.Module) -> None:
    """Initialise as PVT's released code: linear layers truncated normal (std 0.02), bias 0.

    Convolutions keep PyTorch's initialisation.
    """
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)  # where torch draws it uniformly


def init_weights(module: nn.Module) -> None:
    """Initialise as ResT's released code: linear layers and convolutions truncated normal.

    The biases of convolutions keep PyTorch's initialisation.
    """
    init_linear(module)
    if isinstance(module, nn.Conv2d):
        nn.init.trunc_normal_(module.weight, std=0.02)
