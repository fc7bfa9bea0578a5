"""One pass over the training images, and one over the images that are evaluated."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice, zip_longest
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from timm.utils.clip_grad import dispatch_clip_grad
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from study.errors import DataError
from study.schema import Recipe
from study.seeding import fold
from study.train.calls import nothing
from study.train.chance import generators, numpy_seeded, set_generators
from study.train.group import Group
from study.train.parts import Batch, Batches, Parts, autocast, placed
from study.train.wide import Wide

Within = dict[str, Any]
"""How far an epoch has got, of all processes: `updates` done, the sum of their `loss` over so many
`images`, the `seconds` they took, and the state of the `random` generators."""


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


@dataclass(frozen=True)
class Progress:
    """How far this process got in an epoch: updates of the weights, and what they came to."""

    updates: int
    loss: Tensor
    """Summed over `images`, in float64; not finite where training diverged."""
    images: int

    def within(self, parts: Parts, seconds: float) -> Within:
        """The same of all processes, to be kept; all come here together."""
        loss, images = self.whole(parts.group)
        return {
            "updates": self.updates,
            "loss": loss,
            "images": images,
            "seconds": seconds,
            "random": generators(parts.device),
        }

    def whole(self, group: Group) -> tuple[float, int]:
        """The loss and the images of all processes."""
        loss, images = 0.0, 0
        for theirs, seen in group.gathered((float(self.loss), self.images)):
            loss, images = loss + theirs, images + seen
        return loss, images


def begun(parts: Parts, within: Within | None) -> Progress:
    """Where an epoch is to go on. The leader goes on summing, the others begin anew."""
    fresh: Within = {"loss": 0.0, "images": 0}
    kept = within if within and parts.group.leads else fresh
    loss = torch.tensor(kept["loss"], dtype=torch.float64, device=parts.device)
    return Progress(within["updates"] if within else 0, loss, kept["images"])


def training(
    parts: Parts,
    batches: Batches,
    *,
    seed: int,
    epoch: int,
    within: Within | None = None,
    pulse: Callable[[], None] = nothing,
) -> Iterator[Progress]:
    """Train an epoch, or what is left of it, and tell after every update how far it is."""
    torch.manual_seed(fold(seed, epoch))
    if within:
        set_generators(within["random"], parts.device)
    parts.task.train()
    size, group = parts.recipe.grad_accum_steps, parts.group
    updates = -(-len(batches) // size)
    far = begun(parts, within)
    wide = Wide(group, batches.slots, batches.size) if group.world > 1 else None
    share = wide.weight if wide else 1.0
    flow = mixed(parts, batches, seed=seed, epoch=epoch, first=far.updates * size)
    with wide.reentered(parts.task) if wide else nullcontext():
        for number in range(far.updates, updates):
            count = min(size, len(batches) - number * size)
            loss, images = update(parts, islice(flow, count), count=count, share=share, pulse=pulse)
            far = Progress(number + 1, far.loss + loss, far.images + images)
            parts.task.update_ema(step=epoch * updates + number + 1)
            yield far


def update(
    parts: Parts,
    batches: Iterable[Batch],
    *,
    count: int,
    share: float = 1.0,
    pulse: Callable[[], None] = nothing,
) -> tuple[Tensor, int]:
    """One update of the weights from `count` batches: the sum of their losses, their images.

    `share` is the weight of this process in the mean that the group takes of its gradients.
    """
    total, seen, recipe = torch.zeros((), dtype=torch.float64, device=parts.device), 0, parts.recipe
    for number, (x, target) in enumerate(batches, 1):
        more = parts.task.no_sync() if number < count else nullcontext()
        with more:
            with parts.autocast():
                loss = parts.task(x, target)["loss"]
            parts.scaler.scale(loss / count * share).backward()
        total, seen = total + loss.detach() * len(x), seen + len(x)
        pulse()
    if recipe.clip_grad is not None:
        parts.scaler.unscale_(parts.optimizer)
        weights = parts.task.get_clip_parameters(exclude_head=recipe.clip_mode == "agc")
        dispatch_clip_grad(weights, recipe.clip_grad, mode=recipe.clip_mode)
    parts.scaler.step(parts.optimizer)
    parts.scaler.update()
    parts.optimizer.zero_grad()
    return total, seen


def mixed(
    parts: Parts, batches: Iterable[Batch], *, seed: int, epoch: int, first: int = 0
) -> Iterator[Batch]:
    """Mixup and CutMix by (seed, epoch, number of the batch) alone; an odd image is left out.

    `first` is the number of the first of the batches.
    """
    if parts.mixup is None:
        yield from batches
        return
    off = parts.recipe.mixup_off_epoch
    parts.mixup.mixup_enabled = not off or epoch < off
    for number, (x, target) in enumerate(batches, first):
        even = len(x) // 2 * 2
        if not even:
            raise DataError("recipe.mixup and cutmix pair images, and a batch has one: add images")
        with numpy_seeded(seed, epoch, number):
            pair = parts.mixup(x[:even], target[:even])
        yield pair


def evaluated(
    parts: Parts, batches: Iterable[Batch], *, pulse: Callable[[], None] = nothing
) -> Evaluation:
    """Of the averaged weights where the recipe keeps an average; by all processes together."""
    model = parts.task.get_eval_model(ema=parts.recipe.model_ema)
    looks = _looks(model, batches, recipe=parts.recipe, device=parts.device, pulse=pulse)
    return _whole(parts.group.gathered(looks))


def evaluation(
    model: nn.Module, batches: Iterable[Batch], *, recipe: Recipe, device: str = "cpu"
) -> Evaluation:
    """Of the model's own weights, in the layout and precision that the recipe trains with.

    In the same bits as at the end of a training, unless that was of a compiled model.
    """
    placed(model, recipe, device)
    return _whole([_looks(model, batches, recipe=recipe, device=device)])


class Look(NamedTuple):
    """What was seen of one batch, as an evaluation tells it of all."""

    loss: float
    target: NDArray[np.int64]
    top: NDArray[np.int64]


def _looks(
    model: nn.Module,
    batches: Iterable[Batch],
    *,
    recipe: Recipe,
    device: str,
    pulse: Callable[[], None] = nothing,
) -> list[Look]:
    model.eval()
    looks = []
    with torch.inference_mode():
        for x, target in batches:
            with autocast(recipe, device):
                output = model(x)
            output = output.float()
            loss = cross_entropy(output, target, reduction="sum")
            looks.append((loss, target, output.topk(min(5, output.shape[1])).indices))
            pulse()
    return [Look(float(s), t.cpu().numpy(), k.cpu().numpy()) for s, t, k in looks]


def _whole(looks: list[list[Look]]) -> Evaluation:
    """Of batches of which each process looked at every so many: all, in order."""
    order = [look for turn in zip_longest(*looks) for look in turn if look]
    total = 0.0
    for look in order:  # one by one: `sum` would round otherwise since Python 3.12
        total += look.loss
    classes, ranked = (np.concatenate([look[i] for look in order]) for i in (1, 2))
    return Evaluation(total / len(classes), classes, ranked)
