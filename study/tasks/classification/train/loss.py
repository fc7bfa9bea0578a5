"""The loss of a recipe: cross-entropy or binary cross-entropy, with label smoothing."""

from typing import TypedDict

from study.tasks.classification.schema import Recipe


class Loss(TypedDict):
    """timm's arguments for the loss of a classification."""

    loss_type: str
    smoothing: float
    soft_targets: bool


def loss(recipe: Recipe) -> Loss:
    return {
        "loss_type": "bce" if recipe.bce_loss else "ce",
        "smoothing": recipe.smoothing,
        "soft_targets": recipe.mixes,  # Mixup smooths the labels itself
    }
