"""How long training takes here, measured on a few steps."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, count, islice
from statistics import median

from torch import nn

from study.schema import Recipe
from study.train.chance import undisturbed
from study.train.epoch import evaluated, mixed, update
from study.train.parts import Batch, Images, Parts, parts


@dataclass(frozen=True)
class Pace:
    """Seconds per image trained on, and per image evaluated, from so many steps of each."""

    train_image_seconds: float
    image_seconds: float
    steps: int


def step_seconds(
    model: nn.Module,
    images: Images,
    recipe: Recipe,
    *,
    seed: int,
    device: str = "cpu",
    steps: int = 3,
) -> Pace:
    """Medians after a warm-up; reading the images is counted in.

    It trains `model`, so give it one of its own.
    """
    with undisturbed(device):
        made = parts(model, recipe, classes=images.classes, device=device)
        epochs = (
            mixed(made, batches, seed=seed, epoch=epoch)
            for epoch in count()
            for batches in [images.train_batches(recipe, seed=seed, epoch=epoch, device=device)]
        )
        looks = chain.from_iterable(images.val_batches(recipe, device=device) for _ in count())
        return Pace(
            _training(made, chain.from_iterable(epochs), steps=steps),
            _evaluation(made, looks, steps=steps),
            steps,
        )


def _training(made: Parts, batches: Iterator[Batch], *, steps: int) -> float:
    size, times = made.recipe.grad_accum_steps, []
    made.task.train()
    for _ in range(1 + steps):
        began = time.perf_counter()
        loss, seen = update(made, islice(batches, size), count=size)
        float(loss)  # waits for the device
        times.append((time.perf_counter() - began) / seen)
    return median(times[1:])


def _evaluation(made: Parts, batches: Iterator[Batch], *, steps: int) -> float:
    times = []
    for _ in range(1 + steps):
        began = time.perf_counter()
        seen = evaluated(made, islice(batches, 1))
        times.append((time.perf_counter() - began) / len(seen.target))
    return median(times[1:])
