"""One pass over the training images, and one over the images that are evaluated."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from timm.utils.clip_grad import dispatch_clip_grad
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from study.schema import Recipe
from study.train.chance import fold, numpy_seeded
from study.train.parts import Batch, Batches, Parts, autocast, placed


@dataclass(frozen=True)
class Evaluation:
    """Cross-entropy per image in nats; (N,) classes; (N, 5 or fewer) classes, likeliest first."""

    loss: float
    target: NDArray[np.int64]
    top: NDArray[np.int64]

    def accuracy(self, k: int) -> float:
        """Fraction of the images whose class is among the first `k`."""
        return float((self.top[:, :k] == self.target[:, None]).any(1).mean())

    @property
    def metrics(self) -> dict[str, float]:
        """`top1` and `top5`, fractions of the images, and `loss`, nats per image."""
        return {"top1": self.accuracy(1), "top5": self.accuracy(5), "loss": self.loss}

    @property
    def predictions(self) -> dict[str, NDArray[np.int64]]:
        return {"target": self.target, "top": self.top}


def trained(parts: Parts, batches: Batches, *, seed: int, epoch: int) -> tuple[float, int]:
    """Mean loss of the images of an epoch, and their number; not finite where it diverged."""
    torch.manual_seed(fold(seed, epoch))
    parts.task.train()
    size = parts.recipe.grad_accum_steps
    updates = -(-len(batches) // size)
    total, seen = torch.zeros((), dtype=torch.float64, device=parts.device), 0
    flow = mixed(parts, batches, seed=seed, epoch=epoch)
    for number in range(updates):
        count = min(size, len(batches) - number * size)
        loss, images = update(parts, islice(flow, count), count=count)
        total, seen = total + loss, seen + images
        parts.task.update_ema(step=epoch * updates + number + 1)
    return float(total) / seen, seen


def update(parts: Parts, batches: Iterable[Batch], *, count: int) -> tuple[Tensor, int]:
    """One update of the weights from `count` batches: the sum of their losses, their images."""
    total, seen, recipe = torch.zeros((), dtype=torch.float64, device=parts.device), 0, parts.recipe
    for x, target in batches:
        with parts.autocast():
            loss = parts.task(x, target)["loss"]
        parts.scaler.scale(loss / count).backward()
        total, seen = total + loss.detach() * len(x), seen + len(x)
    if recipe.clip_grad is not None:
        parts.scaler.unscale_(parts.optimizer)
        weights = parts.task.get_clip_parameters(exclude_head=recipe.clip_mode == "agc")
        dispatch_clip_grad(weights, recipe.clip_grad, mode=recipe.clip_mode)
    parts.scaler.step(parts.optimizer)
    parts.scaler.update()
    parts.optimizer.zero_grad()
    return total, seen


def mixed(parts: Parts, batches: Batches, *, seed: int, epoch: int) -> Iterator[Batch]:
    """Mixup and CutMix by (seed, epoch, number of the batch) alone; an odd image is left out."""
    if parts.mixup is None:
        yield from batches
        return
    off = parts.recipe.mixup_off_epoch
    parts.mixup.mixup_enabled = not off or epoch < off
    for number, (x, target) in enumerate(batches):
        even = len(x) // 2 * 2
        with numpy_seeded(seed, epoch, number):
            pair = parts.mixup(x[:even], target[:even])
        yield pair


def evaluated(parts: Parts, batches: Iterable[Batch]) -> Evaluation:
    """Of the averaged weights where the recipe keeps an average."""
    model = parts.task.get_eval_model(ema=parts.recipe.model_ema)
    return _evaluation(model, batches, recipe=parts.recipe, device=parts.device)


def evaluation(
    model: nn.Module, batches: Iterable[Batch], *, recipe: Recipe, device: str = "cpu"
) -> Evaluation:
    """Of the model's own weights, in the layout and precision that the recipe trains with.

    In the same bits as at the end of a training, unless that was of a compiled model.
    """
    placed(model, recipe, device)
    return _evaluation(model, batches, recipe=recipe, device=device)


def _evaluation(
    model: nn.Module, batches: Iterable[Batch], *, recipe: Recipe, device: str
) -> Evaluation:
    model.eval()
    loss = torch.zeros((), dtype=torch.float64, device=device)
    targets, tops = [], []
    with torch.inference_mode():
        for x, target in batches:
            with autocast(recipe, device):
                output = model(x)
            output = output.float()
            loss += cross_entropy(output, target, reduction="sum")
            targets.append(target)
            tops.append(output.topk(min(5, output.shape[1])).indices)
    classes, ranked = torch.cat(targets).cpu().numpy(), torch.cat(tops).cpu().numpy()
    return Evaluation(float(loss) / len(classes), classes, ranked)
