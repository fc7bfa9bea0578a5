"""An update of the weights: gradient accumulation, scaling in mixed precision, clipping."""

from collections.abc import Callable, Iterable
from contextlib import nullcontext

import torch
from timm.utils.clip_grad import dispatch_clip_grad
from torch import Tensor

from study.tasks.classification.train.setup import Batch, Setup
from study.trial.callbacks import nothing


def update(
    setup: Setup,
    batches: Iterable[Batch],
    *,
    count: int,
    share: float = 1.0,
    pulse: Callable[[], None] = nothing,
) -> tuple[Tensor, int]:
    """Update the weights from `count` batches; return the sum of losses and number of images.

    `share` is the weight of this process in the group's mean of gradients.
    """
    total, images = torch.zeros((), dtype=torch.float64, device=setup.device), 0
    for number, (x, target) in enumerate(batches, 1):
        # Gradients are exchanged between processes once per update, with the last batch.
        synchronized = setup.task.no_sync() if number < count else nullcontext()
        with synchronized:
            with setup.autocast():
                loss = setup.task(x, target)["loss"]
            # The gradients of several batches add up, so each counts as its part of the mean.
            setup.scaler.scale(loss / count * share).backward()
        # The loss stays on the device: reading it here would wait for every batch.
        total, images = total + loss.detach() * len(x), images + len(x)
        pulse()
    clip(setup)
    setup.scaler.step(setup.optimizer)  # skipped where a scaled gradient overflowed
    setup.scaler.update()
    setup.optimizer.zero_grad()
    return total, images


def clip(setup: Setup) -> None:
    """Clip the gradients in place as the recipe says: by norm, by value or adaptively."""
    recipe = setup.recipe
    if recipe.clip_grad is None:
        return
    setup.scaler.unscale_(setup.optimizer)  # a threshold is for true gradients
    # As in timm's train.py: adaptive clipping leaves out the classifier.
    weights = setup.task.get_clip_parameters(exclude_head=recipe.clip_mode == "agc")
    dispatch_clip_grad(weights, recipe.clip_grad, mode=recipe.clip_mode)
