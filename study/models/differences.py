"""What a switch does, shown on one tiny batch of noise: whether it changes the answer at all, and
whether gradient reaches everything that a model has.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from study.models.initial import seeded

Build = Callable[[str], nn.Module]
"""From a device to the model, with random weights."""

Size = tuple[int, int, int]
BATCH = 2
REFUSALS = (RuntimeError, ValueError, TypeError, AssertionError, NotImplementedError)
"""How models refuse to run without values."""


def unreached(build: Build, size: Size) -> list[str]:
    """Parameters that the gradient of the output does not reach, in training.

    By the graph, not by value: a gate that starts at zero is reached. On the meta device where the
    model can run there, so at no cost.
    """
    try:
        return _unreached(build("meta"), size)
    except REFUSALS:
        return _unreached(build("cpu"), size)


def _unreached(model: nn.Module, size: Size) -> list[str]:
    device = next(model.parameters()).device
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        model.train()(torch.randn(BATCH, *size, device=device)).sum().backward()
    wanted = ((name, p) for name, p in model.named_parameters() if p.requires_grad)
    return [name for name, parameter in wanted if parameter.grad is None]


def alike(one: Build, other: Build, size: Size) -> bool:
    """Whether two models, equal in all weights that they share, give the same answer to the same
    images, both in evaluation and in training.

    In double precision, where rounding is far below what any switch does.
    """
    return all(
        torch.allclose(a, b, rtol=1e-9, atol=1e-12)
        for a, b in zip(answers(one, size), answers(other, size), strict=True)
    )


def answers(build: Build, size: Size) -> list[Tensor]:
    """(2, classes) in evaluation, and in training: drop path and the like only act there."""
    model = seeded(lambda: build("cpu"), 0).double()
    images = torch.randn(BATCH, *size, generator=torch.Generator().manual_seed(0)).double()
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        found = [model.eval()(images)]
        torch.manual_seed(0)
        return [*found, model.train()(images)]
