"""The losses that a recipe may name: functions of the recipe that give a criterion."""

from collections.abc import Callable

from timm.loss import create_classification_loss
from torch import nn

from study.tasks.classification.schema import Recipe


def cross_entropy(recipe: Recipe) -> nn.Module:
    """Cross-entropy with the recipe's label smoothing: (B, C) and (B,) or (B, C) -> scalar."""
    return _timm(recipe, "ce")


def binary_cross_entropy(recipe: Recipe) -> nn.Module:
    """Binary cross-entropy of every class, as in ResNet strikes back (arXiv 2110.00476)."""
    return _timm(recipe, "bce")


def loss(recipe: Recipe) -> nn.Module:
    return LOSSES[recipe.loss_name](recipe)


def _timm(recipe: Recipe, name: str) -> nn.Module:
    criterion: nn.Module = create_classification_loss(
        loss_type=name,
        smoothing=recipe.smoothing,
        soft_targets=recipe.mixes,  # Mixup smooths the labels itself
    )
    return criterion


LOSSES: dict[str, Callable[[Recipe], nn.Module]] = {
    "ce": cross_entropy,
    "bce": binary_cross_entropy,
}
"""Losses by the name that `recipe.loss` gives."""
