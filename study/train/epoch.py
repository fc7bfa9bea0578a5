"""Training for one epoch, and evaluation on the validation images."""

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
from study.seeding import fold
from study.spec.schema import Recipe
from study.train.batch_wide import WholeBatch
from study.train.callbacks import nothing
from study.train.determinism import generators, numpy_seeded, set_generators
from study.train.distributed import ProcessGroup
from study.train.setup import Batch, Setup, TrainingBatches, autocast, placed

Within = dict[str, Any]
"""The state within an unfinished epoch, over all processes: finished `updates`, the sum of their
`loss` over `images`, the `seconds` they took, and the state of the `random` generators."""


@dataclass(frozen=True)
class BatchwiseEvaluation:
    """The answers of a model on a validation set."""

    loss: float
    """Mean cross-entropy per image, in nats."""
    target: NDArray[np.int64]
    """(N,) classes of the images."""
    top: NDArray[np.int64]
    """(N, 5) predicted classes, the likeliest first; fewer columns for fewer than 5 classes."""

    def accuracy(self, k: int) -> float:
        """Fraction of images whose class is among the `k` likeliest."""
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
    """The progress of this process within an epoch."""

    updates: int
    loss: Tensor
    """Sum over `images`, in float64; not finite where training diverged."""
    images: int

    def within(self, setup: Setup, seconds: float) -> Within:
        """The state within the epoch over all processes, for a checkpoint; all call it together."""
        loss, images = self.whole(setup.group)
        return {
            "updates": self.updates,
            "loss": loss,
            "images": images,
            "seconds": seconds,
            "random": generators(setup.device),
        }

    def whole(self, group: ProcessGroup) -> tuple[float, int]:
        """The sum of losses and the number of images, over all processes."""
        loss, images = 0.0, 0
        for process_loss, process_images in group.gathered((float(self.loss), self.images)):
            loss, images = loss + process_loss, images + process_images
        return loss, images


def begun(setup: Setup, within: Within | None) -> Progress:
    """The progress from which an epoch starts or resumes.

    The sums of a checkpoint are over all processes, so the leader alone continues them.
    """
    zero: Within = {"loss": 0.0, "images": 0}
    sums = within if within and setup.group.leads else zero
    loss = torch.tensor(sums["loss"], dtype=torch.float64, device=setup.device)
    return Progress(within["updates"] if within else 0, loss, sums["images"])


def training(
    setup: Setup,
    batches: TrainingBatches,
    *,
    seed: int,
    epoch: int,
    within: Within | None = None,
    pulse: Callable[[], None] = nothing,
) -> Iterator[Progress]:
    """Train for an epoch or the rest of it; yield the progress after every update."""
    # By epoch, so that a training that resumes between epochs draws the same dropout.
    torch.manual_seed(fold(seed, epoch))
    if within:
        set_generators(within["random"], setup.device)
    setup.task.train()
    size, group = setup.recipe.grad_accum_steps, setup.group
    updates = -(-len(batches) // size)  # the last may have fewer batches
    progress = begun(setup, within)
    wide = WholeBatch(group, batches.slots, batches.size) if group.world > 1 else None
    share = wide.weight if wide else 1.0
    stream = mixed(setup, batches, seed=seed, epoch=epoch, first=progress.updates * size)
    with wide.reentered(setup.task) if wide else nullcontext():
        for number in range(progress.updates, updates):
            count = min(size, len(batches) - number * size)
            chunk = islice(stream, count)
            loss, images = update(setup, chunk, count=count, share=share, pulse=pulse)
            progress = Progress(number + 1, progress.loss + loss, progress.images + images)
            # The number of updates so far, by which timm warms up the average's decay.
            setup.task.update_ema(step=epoch * updates + number + 1)
            yield progress


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
    recipe = setup.recipe
    for number, (x, target) in enumerate(batches, 1):
        # Gradients are exchanged between processes once per update, with the last batch.
        synchronized = setup.task.no_sync() if number < count else nullcontext()
        with synchronized:
            with setup.autocast():
                loss = setup.task(x, target)["loss"]
            setup.scaler.scale(loss / count * share).backward()
        # The loss stays on the device: reading it here would wait for every batch.
        total, images = total + loss.detach() * len(x), images + len(x)
        pulse()
    if recipe.clip_grad is not None:
        setup.scaler.unscale_(setup.optimizer)  # a threshold is for true gradients
        # As in timm's train.py: adaptive clipping leaves out the classifier.
        weights = setup.task.get_clip_parameters(exclude_head=recipe.clip_mode == "agc")
        dispatch_clip_grad(weights, recipe.clip_grad, mode=recipe.clip_mode)
    setup.scaler.step(setup.optimizer)
    setup.scaler.update()
    setup.optimizer.zero_grad()
    return total, images


def mixed(
    setup: Setup, batches: Iterable[Batch], *, seed: int, epoch: int, first: int = 0
) -> Iterator[Batch]:
    """Batches with Mixup and CutMix, drawn by (seed, epoch, number of the batch) alone.

    timm mixes an even number of images, so a last odd one is left out. `first` is the number of the
    first batch.
    """
    if setup.mixup is None:
        yield from batches
        return
    off_epoch = setup.recipe.mixup_off_epoch
    setup.mixup.mixup_enabled = not off_epoch or epoch < off_epoch
    for number, (x, target) in enumerate(batches, first):
        even = len(x) // 2 * 2
        if not even:
            raise DataError("mixup and CutMix pair images, and a batch has only 1: add images")
        # timm's Mixup draws from numpy's global generator.
        with numpy_seeded(seed, epoch, number):
            pair = setup.mixup(x[:even], target[:even])
        yield pair


def evaluated(
    setup: Setup, batches: Iterable[Batch], *, pulse: Callable[[], None] = nothing
) -> BatchwiseEvaluation:
    """Evaluate, all processes together; the averaged weights where the recipe has an average."""
    model = setup.task.get_eval_model(ema=setup.recipe.model_ema)
    answers = _answers(model, batches, recipe=setup.recipe, device=setup.device, pulse=pulse)
    return _combined(setup.group.gathered(answers))


def evaluation(
    model: nn.Module, batches: Iterable[Batch], *, recipe: Recipe, device: str = "cpu"
) -> BatchwiseEvaluation:
    """Evaluate a model in the memory layout and precision that the recipe trains with.

    The numbers equal those at the end of a training to the last bit, unless that was compiled.
    """
    placed(model, recipe, device)
    return _combined([_answers(model, batches, recipe=recipe, device=device)])


class BatchAnswers(NamedTuple):
    """The answers for one batch; fields as in `BatchwiseEvaluation`, but the loss is a sum."""

    loss: float
    target: NDArray[np.int64]
    top: NDArray[np.int64]


def _answers(
    model: nn.Module,
    batches: Iterable[Batch],
    *,
    recipe: Recipe,
    device: str,
    pulse: Callable[[], None] = nothing,
) -> list[BatchAnswers]:
    model.eval()
    answers = []
    with torch.inference_mode():
        for x, target in batches:
            with autocast(recipe, device):
                output = model(x)
            output = output.float()  # autocast may give half precision
            loss = cross_entropy(output, target, reduction="sum")
            answers.append((loss, target, output.topk(min(5, output.shape[1])).indices))
            pulse()
    # Copied to the CPU after the loop: a copy within it would wait for the device every time.
    return [BatchAnswers(float(s), t.cpu().numpy(), k.cpu().numpy()) for s, t, k in answers]


def _combined(answers: list[list[BatchAnswers]]) -> BatchwiseEvaluation:
    """The evaluation over all processes, of which each had every `world`-th batch, in order."""
    # A process may have had a batch fewer, for which zip_longest gives None.
    ordered = [batch for turn in zip_longest(*answers) for batch in turn if batch]
    total = 0.0
    for batch in ordered:  # one by one: since Python 3.12 `sum` rounds differently
        total += batch.loss
    classes, ranked = (np.concatenate([batch[i] for batch in ordered]) for i in (1, 2))
    return BatchwiseEvaluation(total / len(classes), classes, ranked)
