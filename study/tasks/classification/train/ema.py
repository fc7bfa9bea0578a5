"""Exponential moving average (EMA) of the weights; timm holds it in the task."""

from timm.task import ClassificationTask
from torch import nn

from study.tasks.classification.schema import Recipe


def start_average(task: ClassificationTask, recipe: Recipe) -> None:
    """Begin the average at the present weights, if the recipe has one."""
    if recipe.model_ema:
        task.setup_ema(decay=recipe.model_ema_decay, use_warmup=recipe.model_ema_warmup)


def update_average(task: ClassificationTask, updates: int) -> None:
    """Add the weights after the update number `updates` of the training; does nothing without one.

    timm warms up the decay by this number.
    """
    task.update_ema(step=updates)


def evaluated_model(task: ClassificationTask, recipe: Recipe) -> nn.Module:
    """The model with the averaged weights where the recipe has an average, else the trained one."""
    model: nn.Module = task.get_eval_model(ema=recipe.model_ema)
    return model
