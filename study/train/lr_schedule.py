"""timm's learning-rate schedule of a recipe."""

from typing import Any

import torch
from timm.scheduler import create_scheduler_v2

from study.spec.schema import Recipe


def schedule_of(optimizer: torch.optim.Optimizer, recipe: Recipe) -> Any:
    """timm's learning-rate schedule, stepped by epoch, over the recipe's `total_epochs`."""
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
