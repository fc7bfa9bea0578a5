"""The losses that a recipe may name: functions of the recipe that give a criterion."""

from collections.abc import Callable, Sequence

import torch
from timm.loss import create_classification_loss
from torch import Tensor, nn
from torch.nn.functional import cross_entropy as cross_entropy_of

from study.errors import SpecError
from study.tasks.classification.schema import MULTI_LABEL_LOSSES, Recipe


def cross_entropy(recipe: Recipe) -> nn.Module:
    """Cross-entropy with the recipe's label smoothing: (B, C) and (B,) or (B, C) -> scalar."""
    weights = recipe.class_weights
    if weights is None:
        return _timm(recipe, "ce")
    if isinstance(weights, str):
        raise SpecError("class_weights: balanced needs the classes of the images; give numbers")
    return WeightedCrossEntropy(weights, recipe.smoothing)


class WeightedCrossEntropy(nn.Module):
    """The mean over images of cross-entropy times the weight of the image's class.

    torch divides by the sum of a batch's weights instead, which several processes would each do for
    their own share. Balanced weights have the mean 1 over images, so both have the same scale.
    """

    weights: Tensor

    def __init__(self, weights: Sequence[float], smoothing: float) -> None:
        super().__init__()
        self.smoothing = smoothing
        self.register_buffer("weights", torch.tensor(weights, dtype=torch.float32))

    def forward(self, x: Tensor, target: Tensor) -> Tensor:
        """Logits (B, C) and classes (B,) -> scalar."""
        losses = cross_entropy_of(x, target, label_smoothing=self.smoothing, reduction="none")
        return (self.weights[target] * losses).mean()


def balanced(counts: Sequence[int]) -> list[float]:
    """Weights of classes by inverse frequency, N / (C * n), as scikit-learn's `balanced`.

    Their mean over the images is 1, so that the learning rate acts as it does without weights.
    """
    return [sum(counts) / (len(counts) * count) for count in counts]


def binary_cross_entropy(recipe: Recipe) -> nn.Module:
    """Binary cross-entropy of every class, as in ResNet strikes back (arXiv 2110.00476)."""
    return _timm(recipe, "bce")


def loss(recipe: Recipe, *, multi_label: bool = False) -> nn.Module:
    """The criterion of a recipe; that of a plugin is given targets (B, C) of several labels too.

    Raises:
        SpecError: the loss is of images with one label, or of images with several.
    """
    name = recipe.loss_name
    # A recipe that trains nothing need not name a loss, and the default is of one label.
    if multi_label and not recipe.epochs:
        name = "bce"
    if multi_label and name in MULTI_LABEL_LOSSES:
        return _timm(recipe, name, multi_label=True)
    if name not in LOSSES or (multi_label and name == "ce"):
        several = "several labels" if multi_label else "one label"
        raise SpecError(f"loss {name} is not of images with {several}", key="loss")
    return LOSSES[name](recipe)


def _timm(recipe: Recipe, name: str, *, multi_label: bool = False) -> nn.Module:
    criterion: nn.Module = create_classification_loss(
        loss_type=name,
        multi_label=multi_label,  # smoothing then pulls every label towards 0.5
        smoothing=recipe.smoothing,
        soft_targets=recipe.mixes,  # Mixup smooths the labels itself
    )
    return criterion


LOSSES: dict[str, Callable[[Recipe], nn.Module]] = {
    "ce": cross_entropy,
    "bce": binary_cross_entropy,
}
"""Losses by the name that `recipe.loss` gives."""
