"""Learning-rate schedules, and the rates of a recipe without the model or the images."""

import hashlib
import math
import warnings
from collections.abc import Callable
from typing import NamedTuple

import torch
from timm.scheduler import create_scheduler_v2
from timm.scheduler.scheduler import Scheduler
from torch import nn

from study.errors import SpecError, unknown
from study.tasks.classification.schema import Recipe
from study.tasks.classification.train.optimizers import check, optimizer_of
from study.tasks.training.determinism import forked_rng

UPDATES = 64  # at least; some optimizers act only every few updates (Lookahead: every 6)


def schedule_of(optimizer: torch.optim.Optimizer, recipe: Recipe) -> Scheduler:
    return SCHEDULES[recipe.sched](optimizer, recipe)


def timm_schedule(optimizer: torch.optim.Optimizer, recipe: Recipe) -> Scheduler:
    """timm's schedule, stepped by epoch, over the recipe's `total_epochs`."""
    scheduler, _ = create_scheduler_v2(
        optimizer,
        sched=recipe.sched,
        num_epochs=max(1, recipe.epochs),  # timm refuses a schedule of 0 epochs
        decay_epochs=recipe.decay_epochs,
        decay_milestones=recipe.decay_milestones,
        decay_rate=recipe.decay_rate,
        cooldown_epochs=recipe.cooldown_epochs,
        warmup_epochs=recipe.warmup_epochs,
        warmup_lr=recipe.warmup_lr,
        min_lr=recipe.min_lr,
    )
    return scheduler


class RateSchedule(NamedTuple):
    """The part of a training that its recipe alone decides."""

    rates: list[float]
    """The learning rate of every epoch; it is constant within an epoch."""
    updates: str | None
    """A digest of small float64 weights after updates from random gradients; None if the weights
    overflow, or if the optimizer cannot run on this machine."""


def rate_schedule(recipe: Recipe) -> RateSchedule:
    """The learning rate of every epoch, and the effect of the optimizer's updates.

    Raises:
        SpecError: timm refuses the recipe.
    """
    check(recipe)
    if recipe.sched not in SCHEDULES:
        raise SpecError(unknown("recipe.sched", recipe.sched, SCHEDULES), key="sched")
    quiet = warnings.catch_warnings(action="ignore")  # training shows them
    with forked_rng("cpu"), torch.compiler.set_stance("force_eager"), quiet:
        torch.manual_seed(0)
        # Weights and biases, since timm decays weights only; float64, so rounding hides nothing.
        model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2)).double()
        optimizer, works = _optimizer(model, recipe)
        schedule = schedule_of(optimizer, recipe)
        rates = []
        for epoch in range(recipe.total_epochs):
            rates.append(optimizer.param_groups[0]["lr"])
            # Spread over the epochs, so that every learning rate has an effect.
            for _ in range(-(-UPDATES // recipe.total_epochs)):
                works = works and _updated(model, optimizer)
            schedule.step(epoch + 1)
    return RateSchedule(rates, _digest(model) if works else None)


def _optimizer(model: nn.Module, recipe: Recipe) -> tuple[torch.optim.Optimizer, bool]:
    """The recipe's optimizer and True, or a substitute and False where it needs a GPU.

    Layer decay is left out, because it needs the layers of a real model.
    """
    try:
        return optimizer_of(model, recipe.model_copy(update={"layer_decay": None})), True
    except (AssertionError, ImportError, RuntimeError):
        return torch.optim.SGD(model.parameters(), lr=recipe.learning_rate), False


def _updated(model: nn.Module, optimizer: torch.optim.Optimizer) -> bool:
    """Update from random gradients; False where the optimizer cannot."""
    for weight in model.parameters():
        weight.grad = torch.randn_like(weight)
    try:
        optimizer.step()
    except (RuntimeError, ValueError, TypeError):  # such as one that needs a GPU
        return False
    return True


def _digest(model: nn.Module) -> str | None:
    weights = [w for weight in model.parameters() for w in weight.flatten().tolist()]
    if not all(map(math.isfinite, weights)):
        return None
    return hashlib.sha256(repr(weights).encode()).hexdigest()[:16]  # repr is exact


SCHEDULES: dict[str, Callable[[torch.optim.Optimizer, Recipe], Scheduler]] = {
    "cosine": timm_schedule,
    "step": timm_schedule,
    "multistep": timm_schedule,
    "poly": timm_schedule,
    "tanh": timm_schedule,
    "constant": timm_schedule,
    # Warm-up, a constant rate, and a decay in the last decay_epochs (MiniCPM, arXiv 2404.06395).
    "wsd": timm_schedule,
}
"""Schedules by the name that `recipe.sched` gives."""
