"""Equivalence of two models on a tiny batch of noise, and parameters that get no gradient.

Planning uses both to refuse a level that changes nothing, or a part that cannot learn.
"""

import zlib
from collections.abc import Callable
from contextlib import suppress

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from study.models.paired_init import seeded

Build = Callable[[str], nn.Module]
"""Builds the model on a device, with random weights."""

Size = tuple[int, int, int]
BATCH = 2  # images; batch norm in training needs two values per channel
LARGE = 10**8  # parameters, 0.8 GB in double precision
EXACT, ROUNDING = 1e-9, 1e-2  # relative tolerances in double and in single precision
REFUSALS = (RuntimeError, ValueError, TypeError, AssertionError)
"""Errors of models that cannot run on the meta device, whose tensors have no values."""


def unreached(build: Build, size: Size) -> list[str] | None:
    """Names of parameters that get no gradient in training; None if the model does not run.

    The autograd graph decides, not values: a parameter behind a gate of zero is reached. The model
    runs on the meta device if it can, which costs nothing.
    """
    for device in ("meta", "cpu"):
        with suppress(*REFUSALS):
            return _unreached(build(device), size)
    return None


def _unreached(model: nn.Module, size: Size) -> list[str]:
    device = next(model.parameters()).device
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        outputs = _tensors(model.train()(torch.randn(BATCH, *size, device=device)))
        # Any scalar will do: only which parameters have a gradient is read.
        torch.autograd.backward([output.sum() for output in outputs])
    wanted = ((name, p) for name, p in model.named_parameters() if p.requires_grad)
    return [name for name, parameter in wanted if parameter.grad is None]


def equivalent(first: Build, second: Build, size: Size) -> bool:
    """True if two models give the same outputs for the same images and shared weights.

    Compared are evaluation and training, at initial weights and at perturbed ones (a gate that
    starts at zero hides what is behind it). Double precision keeps rounding far below the effect of
    any switch. Large models run in single precision first, which is enough unless the difference
    could be rounding.
    """
    large = sum(weight.numel() for weight in first("meta").parameters()) > LARGE
    if large:
        pairs = _pairs(first, second, size, torch.float32)
        if all(torch.equal(a, b) for a, b in pairs):
            return True
        if not all(_close(a, b, ROUNDING) for a, b in pairs):
            return False
    return all(_close(a, b, EXACT) for a, b in _pairs(first, second, size, torch.float64))


def _pairs(
    first: Build, second: Build, size: Size, dtype: torch.dtype
) -> list[tuple[Tensor, Tensor]]:
    """Corresponding outputs of two models; only one model is in memory at a time."""
    outputs, others = (model_outputs(build, size, dtype) for build in (first, second))
    return list(zip(outputs, others, strict=True))


def _close(a: Tensor, b: Tensor, relative: float) -> bool:
    absolute = 1e-3 * relative  # for outputs near zero
    return a.shape == b.shape and torch.allclose(a, b, rtol=relative, atol=absolute)


def model_outputs(build: Build, size: Size, dtype: torch.dtype = torch.float64) -> list[Tensor]:
    """Outputs in evaluation and training, at initial weights and then at perturbed weights."""
    model = seeded(lambda: build("cpu"), 0).to(dtype)
    images = torch.randn(BATCH, *size, generator=_generator("images")).to(dtype)
    outputs = []
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        for perturbed in (False, True):
            for name, parameter in model.named_parameters() if perturbed else ():
                parameter.add_(torch.randn(parameter.shape, generator=_generator(name)), alpha=0.1)
            # Evaluation first, since training changes the running statistics of batch norm.
            for training in (False, True):
                torch.manual_seed(0)  # equal dropout and drop path in both models
                outputs += _tensors(model.train(training)(images))
    return outputs


def _generator(name: str) -> torch.Generator:
    # Not hash(), which differs from process to process.
    return torch.Generator().manual_seed(zlib.crc32(name.encode()))


def _tensors(output: object) -> list[Tensor]:
    """All tensors in a model's output, which may be a tensor, a tuple or a dictionary."""
    return [leaf for leaf in tree_leaves(output) if isinstance(leaf, Tensor)]
