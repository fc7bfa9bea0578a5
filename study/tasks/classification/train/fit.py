"""Training of one trial by one process or several; every epoch is saved, so that it can resume."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import nn

from study.store.records import EpochRow
from study.tasks.classification.multi_label_quality import measured, names
from study.tasks.classification.schema import Recipe
from study.tasks.classification.train.evaluation import Answers, evaluated
from study.tasks.classification.train.loop import Within, begun, training
from study.tasks.classification.train.setup import Setup, TrainingData, set_up
from study.tasks.training.checkpoint import Checkpoint
from study.tasks.training.determinism import forked_rng, repeatable
from study.tasks.training.distributed import ALONE, ProcessGroup
from study.trial.callbacks import NOBODY, Callbacks, Stopped

Saved = Checkpoint[Setup, Within]


@dataclass(frozen=True)
class Fitted:
    """The outcome of a training, with the weights after its last epoch: never the best epoch's.

    Metrics are the qualities in base units that the images have, None where one cannot be computed;
    all NaN unless completed, and then there are no predictions. Predictions are `target` (N,) and
    `top` (N, 5), the likeliest classes in order, or `labels` and `logits` (N, C). A row of history
    has epoch, lr, train_loss, all qualities, seconds of the epoch with its evaluation, and
    images_per_second trained.
    """

    metrics: Mapping[str, float | None]
    predictions: Mapping[str, NDArray[np.generic]]
    history: list[EpochRow]
    state: Literal["completed", "diverged", "censored"] = "completed"


class Answered(NamedTuple):
    """A model's answers and their qualities, computed once: AUROC takes 6 s on ImageNet."""

    answers: Answers
    metrics: Mapping[str, float | None]


def fit(
    model: nn.Module,
    images: TrainingData,
    recipe: Recipe,
    *,
    seed: int,
    folder: Path,
    device: str = "cpu",
    caller: Callbacks = NOBODY,
    group: ProcessGroup = ALONE,
) -> Fitted:
    """Train the model in place, resuming from the checkpoint in `folder` if there is one.

    A trial that was killed or stopped anywhere ends with the same bits as an uninterrupted one: on
    the CPU always, on a GPU unless torch warns of an operator without a deterministic form. Several
    processes, each with the same arguments, give the numbers of one up to the order of their sums.
    A recipe of 0 epochs only evaluates. With a moving average, the averaged weights are evaluated.

    Raises:
        Stopped: the caller requested it; Superseded if another process owns the folder.
        SpecError: timm, the model or the group cannot follow the recipe.
        StoreError: the folder cannot be written.
    """
    # The others report nothing; their pulse shows their own watchdog that they live.
    caller = caller if group.leads else Callbacks(pulse=caller.pulse)
    with forked_rng(device), repeatable(device):
        several, classes = images.multi_label, images.classes
        setup = set_up(
            model, recipe, classes=classes, device=device, group=group, multi_label=several
        )
        checkpoint = Saved(folder, setup, caller, seed)
        history, within = checkpoint.restore()
        evaluation, lost = None, dict.fromkeys(names(multi_label=several), math.nan)
        for epoch in range(len(history), recipe.total_epochs):
            # Before each epoch, so that a trial which resumes after the decision ends as well.
            if history and group.agreed(caller.ends_early(history)):
                return Fitted(lost, {}, history, "censored")
            (row, evaluation), within = _epoch(checkpoint, images, history, within), None
            history.append(row)
            if not _converges(row):
                caller.report(row)
                # Not saved: the checkpoint keeps the last weights that were finite.
                return Fitted(lost, {}, history, "diverged")
            setup.scheduler.step(epoch + 1)  # timm's schedules are asked for the epoch to come
            checkpoint.save(history)
            caller.report(row)
            # Not after the last epoch: to finish is quicker than to resume.
            if epoch + 1 < recipe.total_epochs and group.agreed(caller.stop()):
                raise Stopped(f"after epoch {epoch}")
        # There were no epochs, or the checkpoint had them all.
        evaluation = evaluation or _evaluated(setup, images, caller)
    return Fitted(evaluation.metrics, evaluation.answers.stored, history)


def _epoch(
    checkpoint: Saved, images: TrainingData, history: list[EpochRow], within: Within | None
) -> tuple[EpochRow, Answered]:
    """Train and evaluate for the next epoch, or for the rest of it."""
    setup, caller, epoch = checkpoint.setup, checkpoint.caller, len(history)
    before = within["seconds"] if within else 0.0  # of this epoch, before the trial resumed
    # As if the epoch had begun earlier by what it took before it was interrupted.
    began = time.perf_counter() - before
    progress = begun(setup, within)
    batches = images.train_batches(
        setup.recipe,
        seed=checkpoint.seed,
        epoch=epoch,
        device=setup.device,
        first=progress.updates * setup.recipe.grad_accum_steps,  # in batches
        rank=setup.group.rank,
        world=setup.group.world,
    )
    for progress in training(
        setup, batches, seed=checkpoint.seed, epoch=epoch, within=within, pulse=caller.pulse
    ):
        now = partial(progress.within, setup, time.perf_counter() - began)
        where = f"in epoch {epoch}, after update {progress.updates}"
        checkpoint.save_or_stop(history, now, where)
    loss, images_seen = progress.whole(setup.group)
    training_seconds = time.perf_counter() - began
    evaluation = _evaluated(setup, images, caller)
    metrics: Any = evaluation.metrics
    row = EpochRow.model_construct(  # unchecked: losses may be NaN until they are stored
        epoch=epoch,
        # The largest, since layer decay gives earlier layers smaller rates.
        lr=max(group["lr"] for group in setup.optimizer.param_groups),
        train_loss=loss / images_seen,
        **metrics,
        seconds=time.perf_counter() - began,
        images_per_second=images_seen / training_seconds,
    )
    return row, evaluation


def _converges(row: EpochRow) -> bool:
    """True if both losses of an epoch are finite."""
    losses = (row.measured.get(name) for name in ("train_loss", "loss"))
    return all(loss is not None and math.isfinite(loss) for loss in losses)


def _evaluated(setup: Setup, images: TrainingData, caller: Callbacks) -> Answered:
    rank, world = setup.group.rank, setup.group.world
    batches = images.val_batches(setup.recipe, device=setup.device, rank=rank, world=world)
    answers = evaluated(setup, batches, pulse=caller.pulse)
    return Answered(answers, measured(answers))
