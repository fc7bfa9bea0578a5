"""The time of training and evaluation steps on this machine, measured on a few steps."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, count, islice
from statistics import median

from torch import nn

from study.tasks.classification.schema import Recipe
from study.tasks.classification.train.evaluation import evaluated
from study.tasks.classification.train.gradients import update
from study.tasks.classification.train.mixup import mixed
from study.tasks.classification.train.setup import Batch, Setup, TrainingData, set_up
from study.tasks.training.determinism import forked_rng


@dataclass(frozen=True)
class StepTime:
    """Seconds per training image and per evaluated image, medians over `steps` steps of each."""

    train_image_seconds: float
    image_seconds: float
    steps: int


def step_seconds(
    model: nn.Module,
    images: TrainingData,
    recipe: Recipe,
    *,
    seed: int,
    device: str = "cpu",
    steps: int = 3,
) -> StepTime:
    """Median step times after a warm-up step; reading the images is included.

    Trains `model` in place, so pass a model that is not needed afterwards.
    """
    with forked_rng(device):
        several = images.multi_label
        setup = set_up(model, recipe, classes=images.classes, device=device, multi_label=several)
        epochs = (
            mixed(setup, batches, seed=seed, epoch=epoch)
            for epoch in count()
            # As many epochs as are needed: a small data set has fewer batches than steps.
            for batches in [images.train_batches(recipe, seed=seed, epoch=epoch, device=device)]
        )
        rounds = (images.val_batches(recipe, device=device) for _ in count())
        return StepTime(
            _training(setup, chain.from_iterable(epochs), steps=steps),
            _evaluation(setup, chain.from_iterable(rounds), steps=steps),
            steps,
        )


def _training(setup: Setup, batches: Iterator[Batch], *, steps: int) -> float:
    size, times = setup.recipe.grad_accum_steps, []
    setup.task.train()
    for _ in range(1 + steps):  # the first is the warm-up
        began = time.perf_counter()
        loss, images = update(setup, islice(batches, size), count=size)
        float(loss)  # waits for the device
        times.append((time.perf_counter() - began) / images)
    return median(times[1:])


def _evaluation(setup: Setup, batches: Iterator[Batch], *, steps: int) -> float:
    times = []
    for _ in range(1 + steps):
        began = time.perf_counter()
        # The answers are on the CPU when it returns, so nothing is left to wait for.
        answers = evaluated(setup, islice(batches, 1))
        times.append((time.perf_counter() - began) / len(answers.target))
    return median(times[1:])
