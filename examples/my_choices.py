"""A plugin that adds a data set, a transform, a loss, an optimizer, a metric and a part."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.transforms import v2

from study.models.parts.positions import POSITIONS
from study.spec.metric import Metric
from study.tasks.classification.data.sources import SOURCES, in_memory
from study.tasks.classification.data.split import OpenedSplits
from study.tasks.classification.data.transforms import TRANSFORMS
from study.tasks.classification.quality import QUALITIES, Predictions
from study.tasks.classification.schema import Data, Recipe
from study.tasks.classification.train.losses import LOSSES
from study.tasks.classification.train.optimizers import OPTIMIZERS

CLASSES, SIDE = 4, 24


def gratings(data: Data, splits: list[str], workers: int) -> OpenedSplits:
    """Noisy stripes in four directions, 160 to train on and 200 to evaluate."""
    counts = {data.train_split: 160, data.val_split: 200}
    opened = []
    for number, split in enumerate(splits):
        draw = np.random.default_rng(number)
        targets = np.arange(counts[split]) % CLASSES
        angle = targets[:, None, None] * np.pi / CLASSES
        y, x = np.mgrid[:SIDE, :SIDE]
        waves = np.cos(0.9 * (x * np.cos(angle) + y * np.sin(angle)))
        noisy = 128 + 40 * waves + 120 * draw.normal(size=waves.shape)
        images = noisy.clip(0, 255).astype(np.uint8)  # (N, H, W)
        opened.append(in_memory(images, targets, data=data, workers=workers))
    return OpenedSplits(opened, CLASSES)


def flat(data: Data, recipe: Recipe, training: bool, viewed: bool) -> Any:
    """Nothing but the size: neither crops nor colours."""
    size = v2.Resize(data.sides, antialias=True)
    return v2.Compose([v2.PILToTensor(), size])


class Focal(nn.Module):
    """Focal loss (arXiv 1708.02002) with gamma 2: sure and right images count less."""

    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
        log = outputs.log_softmax(-1)
        if targets.ndim == 1:
            targets = nn.functional.one_hot(targets, outputs.shape[-1])
        return -(targets * (1 - log.exp()) ** 2 * log).sum(-1).mean()


def focal(recipe: Recipe) -> nn.Module:
    """Focal loss with gamma 2."""
    return Focal()


def adam_without_decay(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """Adam that decays no weight."""
    return torch.optim.Adam(model.parameters(), lr=recipe.learning_rate)


def worst_class(predictions: Predictions) -> float:
    """The accuracy of the class that has the lowest."""
    classes = np.unique(predictions.target)
    return float(min(predictions.right[predictions.target == c].mean() for c in classes))


class Scaled(nn.Module):
    """x times one learned number per channel."""

    def __init__(self, channels: int, size: tuple[int, int], **dd: Any) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.empty(channels, 1, 1, **dd))
        nn.init.ones_(self.scale)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale

    def multiply_adds(self, height: int, width: int) -> Any:
        from study.models.cost import Cost

        return Cost()


SOURCES["gratings"] = gratings
TRANSFORMS["flat"] = flat
LOSSES["focal"] = focal
OPTIMIZERS["adam_without_decay"] = adam_without_decay
QUALITIES["worst_class"] = Metric(
    "Worst class", "%", 100, 1, better="higher", kind="quality", of=worst_class
)
POSITIONS["scaled"] = Scaled
