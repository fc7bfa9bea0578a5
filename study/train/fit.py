"""Training, interrupted or not: epoch after epoch, each left on disk when it is done."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from study.schema import Recipe
from study.train.chance import undisturbed
from study.train.checkpoint import Report, Row, restore, save
from study.train.epoch import Evaluation, evaluated, trained
from study.train.parts import Images, Parts, parts


class Stopped(Exception):  # noqa: N818  (asked for, so no error)
    """Training was asked to stop, and did, after an epoch that is on disk."""


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
    history: list[Row]
    diverged: bool = False


def never() -> bool:
    return False


def ignore(row: Row) -> None:
    pass


def fit(
    model: nn.Module,
    images: Images,
    recipe: Recipe,
    *,
    seed: int,
    folder: Path,
    device: str = "cpu",
    stop: Callable[[], bool] = never,
    report: Report = ignore,
) -> Fitted:
    """Train the model, in place, from where `folder` says it got to.

    A killed trial ends, on the CPU, in the same bits as an undisturbed one. A recipe of no epochs
    only evaluates. With a moving average, it is the average that is evaluated. Raises Stopped, and
    SpecError for a recipe that timm or the model cannot follow.
    """
    with undisturbed(device):
        made = parts(model, recipe, classes=images.classes, device=device)
        history = restore(folder, made, seed=seed, report=report)
        evaluation = None
        for epoch in range(len(history), recipe.total_epochs):
            row, evaluation = _epoch(made, images, seed=seed, epoch=epoch)
            history.append(row)
            if not math.isfinite(row["train_loss"] + row["loss"]):
                report(row)
                return Fitted(dict.fromkeys(("top1", "top5", "loss"), math.nan), {}, history, True)
            made.scheduler.step(epoch + 1)
            save(folder, made, seed=seed, history=history)
            report(row)
            if epoch + 1 < recipe.total_epochs and stop():
                raise Stopped(f"after epoch {epoch}")
        evaluation = evaluation or evaluated(made, images.val_batches(recipe, device=device))
    return Fitted(evaluation.metrics, evaluation.predictions, history)


def _epoch(made: Parts, images: Images, *, seed: int, epoch: int) -> tuple[Row, Evaluation]:
    recipe, device = made.recipe, made.device
    began = time.perf_counter()
    batches = images.train_batches(recipe, seed=seed, epoch=epoch, device=device)
    train_loss, seen = trained(made, batches, seed=seed, epoch=epoch)
    training = time.perf_counter() - began
    evaluation = evaluated(made, images.val_batches(recipe, device=device))
    row = {
        "epoch": epoch,
        "lr": max(group["lr"] for group in made.optimizer.param_groups),
        "train_loss": train_loss,
        **evaluation.metrics,
        "seconds": time.perf_counter() - began,
        "images_per_second": seen / training,
    }
    return row, evaluation
