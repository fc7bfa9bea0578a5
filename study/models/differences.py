"""What a switch does, shown on one tiny batch of noise: whether it changes the answer at all, and
whether gradient reaches everything that a model has.
"""

import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from study.models.initial import seeded

Build = Callable[[str], nn.Module]
"""From a device to the model, with random weights."""

Size = tuple[int, int, int]
BATCH = 2
LARGE = 10**8  # parameters; in double precision they would take twice their memory
EXACT, ROUNDING = 1e-9, 1e-2  # relative, of double and of single precision
REFUSALS = (RuntimeError, ValueError, TypeError, AssertionError)
"""How models refuse to run without values."""


def unreached(build: Build, size: Size) -> list[str] | None:
    """Parameters that the gradient of the output does not reach, in training; None if unknown.

    By the graph, not by value: a gate that starts at zero is reached. On the meta device where the
    model can run there, so at no cost.
    """
    for device in ("meta", "cpu"):
        with suppress(*REFUSALS):
            return _unreached(build(device), size)
    return None


def _unreached(model: nn.Module, size: Size) -> list[str]:
    device = next(model.parameters()).device
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        outputs = _tensors(model.train()(torch.randn(BATCH, *size, device=device)))
        torch.autograd.backward([output.sum() for output in outputs])
    wanted = ((name, p) for name, p in model.named_parameters() if p.requires_grad)
    return [name for name, parameter in wanted if parameter.grad is None]


def alike(one: Build, other: Build, size: Size) -> bool:
    """Whether two models, equal in all weights that they share, give the same answer to the same
    images, both in evaluation and in training.

    At their initial weights, where gates that start at zero hide what is behind them, and with
    these moved. In double precision, where rounding is far below what any switch does; of large
    models in single precision first, which decides unless the difference could be rounding.
    """
    large = sum(weight.numel() for weight in one("meta").parameters()) > LARGE
    if large:
        pairs = _pairs(one, other, size, torch.float32)
        if all(torch.equal(a, b) for a, b in pairs):
            return True
        if not all(_close(a, b, ROUNDING) for a, b in pairs):
            return False
    return all(_close(a, b, EXACT) for a, b in _pairs(one, other, size, torch.float64))


def _pairs(one: Build, other: Build, size: Size, dtype: torch.dtype) -> list[tuple[Tensor, Tensor]]:
    """One model after the other, so that one alone is in memory."""
    first, second = (answers(build, size, dtype) for build in (one, other))
    return list(zip(first, second, strict=True))


def _close(a: Tensor, b: Tensor, relative: float) -> bool:
    least = 1e-3 * relative
    return a.shape == b.shape and torch.allclose(a, b, rtol=relative, atol=least)


def answers(build: Build, size: Size, dtype: torch.dtype = torch.float64) -> list[Tensor]:
    """In evaluation and in training, where drop path and the like act; the same, weights moved."""
    model = seeded(lambda: build("cpu"), 0).to(dtype)
    images = torch.randn(BATCH, *size, generator=_draw("images")).to(dtype)
    found = []
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        for moved in (False, True):
            for name, parameter in model.named_parameters() if moved else ():
                parameter.add_(torch.randn(parameter.shape, generator=_draw(name)), alpha=0.1)
            for training in (False, True):
                torch.manual_seed(0)
                found += _tensors(model.train(training)(images))
    return found


def _draw(name: str) -> torch.Generator:
    return torch.Generator().manual_seed(zlib.crc32(name.encode()))


def _tensors(output: Any) -> list[Tensor]:
    """Of a model that answers with more than one."""
    return [leaf for leaf in tree_leaves(output) if isinstance(leaf, Tensor)]
