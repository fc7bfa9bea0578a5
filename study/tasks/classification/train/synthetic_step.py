"""One training step on random images, for measuring peak memory and training throughput."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import nn

from study.tasks.classification.schema import Recipe
from study.tasks.classification.train.gradients import update
from study.tasks.classification.train.mixup import mixed
from study.tasks.classification.train.setup import Batch, Setup, set_up
from study.tasks.training.determinism import forked_rng


def training_step(
    model: nn.Module,
    recipe: Recipe,
    *,
    classes: int,
    size: tuple[int, int, int],
    device: str,
    multi_label: bool = False,
) -> None:
    """Update `model` in place from one batch of random images of `size` (C, H, W).

    Follows the recipe, except that nothing is compiled, because the compiler's own memory would be
    measured too. `grad_accum_steps` does not matter: its batches are processed one by one.
    """
    with forked_rng(device):
        plain = _plain(recipe, classes)
        setup = set_up(model, plain, classes=classes, device=device, multi_label=multi_label)
        # A larger scale may overflow, and then the scaler would skip the step.
        kind, scaled = torch.device(device).type, setup.scaler.is_enabled()
        scaler = torch.amp.GradScaler(kind, init_scale=1.0, enabled=scaled)
        setup = replace(setup, scaler=scaler)
        setup.task.train()
        # A first, small update allocates the optimizer's state, which exists beside the activations
        # in every training step but the first.
        for count in (min(2, recipe.batch_size), recipe.batch_size):
            noise = _noise(setup, count, size, labels=classes * multi_label)
            batches = mixed(setup, [noise], seed=0, epoch=0)
            update(setup, batches, count=1)


def repeated(
    model: nn.Module,
    recipe: Recipe,
    *,
    classes: int,
    size: tuple[int, int, int],
    device: str,
    multi_label: bool = False,
) -> Callable[[], object]:
    """A function that repeats the same update, for a stopwatch; never compiled, as above."""
    with forked_rng(device):
        plain = _plain(recipe, classes)
        setup = set_up(model, plain, classes=classes, device=device, multi_label=multi_label)
        setup.task.train()
        batch = _noise(setup, recipe.batch_size, size, labels=classes * multi_label)
    return lambda: update(setup, mixed(setup, [batch], seed=0, epoch=0), count=1)


def _plain(recipe: Recipe, classes: int) -> Recipe:
    """The recipe without compiling, and with weights of classes that need no images."""
    weights = recipe.class_weights and [1.0] * classes
    return recipe.model_copy(update={"torchcompile": False, "class_weights": weights})


def _noise(setup: Setup, count: int, size: tuple[int, int, int], *, labels: int) -> Batch:
    """Random images, all of one class; with several `labels` none of which any image has."""
    layout = torch.channels_last if setup.recipe.channels_last else torch.contiguous_format
    # In the layout of real batches: a conversion would take time and memory of its own.
    x = torch.empty(count, *size, device=setup.device, memory_format=layout).normal_()
    # Zeros will do: labels change neither time nor memory.
    if labels:
        return x, torch.zeros(count, labels, device=setup.device)
    return x, torch.zeros(count, dtype=torch.long, device=setup.device)
