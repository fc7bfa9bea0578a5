"""One step of training, without data: what peak memory is measured of."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import nn

from study.schema import Recipe
from study.train.chance import undisturbed
from study.train.epoch import mixed, update
from study.train.parts import Batch, Parts, parts


def training_step(
    model: nn.Module, recipe: Recipe, *, classes: int, size: tuple[int, int, int], device: str
) -> None:
    """One update of `model`, in place, from one batch of noise of `size` (C, H, W).

    All parts of the recipe take part but torch.compile, as what the compiler itself holds would be
    measured too. `grad_accum_steps` changes nothing: batches are gathered one after the other.
    """
    with undisturbed(device):
        plain = recipe.model_copy(update={"torchcompile": False})
        made = parts(model, plain, classes=classes, device=device)
        # A larger scale may overflow, and then the step would be skipped.
        kind, scaled = torch.device(device).type, made.scaler.is_enabled()
        scaler = torch.amp.GradScaler(kind, init_scale=1.0, enabled=scaled)
        made = replace(made, scaler=scaler)
        made.task.train()
        # A first, small update makes the optimizer's state, which lies beside the activations
        # in every step of a training but its first.
        for count in (min(2, recipe.batch_size), recipe.batch_size):
            batches = mixed(made, [_noise(made, count, size)], seed=0, epoch=0)
            update(made, batches, count=1)


def repeated(
    model: nn.Module, recipe: Recipe, *, classes: int, size: tuple[int, int, int], device: str
) -> Callable[[], object]:
    """The same update again and again, for a stopwatch; without torch.compile, as above."""
    with undisturbed(device):
        plain = recipe.model_copy(update={"torchcompile": False})
        made = parts(model, plain, classes=classes, device=device)
        made.task.train()
        batch = _noise(made, recipe.batch_size, size)
    return lambda: update(made, mixed(made, [batch], seed=0, epoch=0), count=1)


def _noise(made: Parts, count: int, size: tuple[int, int, int]) -> Batch:
    layout = torch.channels_last if made.recipe.channels_last else torch.contiguous_format
    x = torch.empty(count, *size, device=made.device, memory_format=layout).normal_()
    return x, torch.zeros(count, dtype=torch.long, device=made.device)
