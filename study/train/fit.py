"""Training, interrupted or not, by one process or several: epoch after epoch, each left on disk."""

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from study.records import EpochRow
from study.schema import Recipe
from study.train.calls import NOBODY, Caller, Stopped
from study.train.chance import repeatable, undisturbed
from study.train.checkpoint import Checkpoint
from study.train.epoch import Evaluation, Within, begun, evaluated, training
from study.train.group import ALONE, Group
from study.train.parts import Images, Parts, parts

GO, SAVE, STOP = range(3)


@dataclass(frozen=True)
class Fitted:
    """What a trial came to, of the weights after its last epoch: never the best epoch's.

    Metrics are `top1` and `top5`, fractions of the images, and `loss`, nats per image; all NaN
    once diverged, and then there are no predictions. Predictions are `target` (N,) and `top`
    (N, 5), the likeliest classes in order. A row of history has epoch, lr, train_loss, loss,
    top1, top5, seconds of the epoch with its evaluation, and images_per_second trained.
    """

    metrics: dict[str, float]
    predictions: dict[str, NDArray[np.int64]]
    history: list[EpochRow]
    diverged: bool = False


def fit(
    model: nn.Module,
    images: Images,
    recipe: Recipe,
    *,
    seed: int,
    folder: Path,
    device: str = "cpu",
    caller: Caller = NOBODY,
    group: Group = ALONE,
) -> Fitted:
    """Train the model, in place, from where `folder` says it got to.

    A trial that was killed or stopped, anywhere, ends in the same bits as an undisturbed one on the
    CPU, and on a GPU unless torch warns of an operator that has no repeatable form there. Several
    processes, each with the same arguments, come to the numbers of one but for the order of their
    sums. A recipe of no epochs only evaluates. With a moving average, it is the average that is
    evaluated.

    Raises:
        Stopped: the caller said so, or, as Superseded, that the folder is no longer ours.
        SpecError: timm, the model or the group cannot follow the recipe.
        StoreError: the folder cannot be written.
    """
    caller = caller if group.leads else Caller(pulse=caller.pulse)
    with undisturbed(device), repeatable(device):
        made = parts(model, recipe, classes=images.classes, device=device, group=group)
        checkpoint = Checkpoint(folder, made, caller, seed)
        history, within = checkpoint.restore()
        evaluation = None
        for epoch in range(len(history), recipe.total_epochs):
            row, evaluation = _epoch(checkpoint, images, history, within)
            within = None
            history.append(row)
            if not _converges(row):
                caller.report(row)
                return Fitted(dict.fromkeys(("top1", "top5", "loss"), math.nan), {}, history, True)
            made.scheduler.step(epoch + 1)
            checkpoint.save(history)
            caller.report(row)
            if epoch + 1 < recipe.total_epochs and group.agreed(caller.stop()):
                raise Stopped(f"after epoch {epoch}")
        evaluation = evaluation or _evaluated(made, images, caller)
    return Fitted(evaluation.metrics, evaluation.predictions, history)


def _epoch(
    checkpoint: Checkpoint, images: Images, history: list[EpochRow], within: Within | None
) -> tuple[EpochRow, Evaluation]:
    """The epoch after those of the history, or what is left of it."""
    made, caller, epoch = checkpoint.parts, checkpoint.caller, len(history)
    before = within["seconds"] if within else 0.0
    began = time.perf_counter() - before
    far = begun(made, within)
    batches = images.train_batches(
        made.recipe,
        seed=checkpoint.seed,
        epoch=epoch,
        device=made.device,
        first=far.updates * made.recipe.grad_accum_steps,
        rank=made.group.rank,
        world=made.group.world,
    )
    for far in training(
        made, batches, seed=checkpoint.seed, epoch=epoch, within=within, pulse=caller.pulse
    ):
        wish = STOP if caller.stop() else SAVE if checkpoint.due else GO
        said = made.group.told(wish)
        if said != GO:
            checkpoint.save(history, far.within(made, time.perf_counter() - began))
        if said == STOP:
            raise Stopped(f"in epoch {epoch}, after update {far.updates}")
    loss, seen = far.whole(made.group)
    training_seconds = time.perf_counter() - began
    evaluation = _evaluated(made, images, caller)
    measured: dict[str, Any] = dict(evaluation.metrics)
    row = EpochRow.model_construct(  # unchecked: losses may be NaN until they are stored
        epoch=epoch,
        lr=max(group["lr"] for group in made.optimizer.param_groups),
        train_loss=loss / seen,
        **measured,
        seconds=time.perf_counter() - began,
        images_per_second=seen / training_seconds,
    )
    return row, evaluation


def _converges(row: EpochRow) -> bool:
    """Whether both losses of an epoch are finite."""
    losses = (row.measured.get(name) for name in ("train_loss", "loss"))
    return all(loss is not None and math.isfinite(loss) for loss in losses)


def _evaluated(made: Parts, images: Images, caller: Caller) -> Evaluation:
    rank, world = made.group.rank, made.group.world
    batches = images.val_batches(made.recipe, device=made.device, rank=rank, world=world)
    return evaluated(made, batches, pulse=caller.pulse)
