"""Evaluation on the validation images, during training and after it."""

from collections.abc import Callable, Iterable
from itertools import zip_longest
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import cross_entropy

from study.tasks.classification.quality import LARGEST, Predictions
from study.tasks.classification.schema import Recipe
from study.tasks.classification.train.ema import evaluated_model
from study.tasks.classification.train.precision import autocast
from study.tasks.classification.train.setup import Batch, Setup, placed
from study.trial.callbacks import nothing


def evaluated(
    setup: Setup, batches: Iterable[Batch], *, pulse: Callable[[], None] = nothing
) -> Predictions:
    """Evaluate, all processes together; the averaged weights where the recipe has an average."""
    model = evaluated_model(setup.task, setup.recipe)
    answers = _answers(model, batches, recipe=setup.recipe, device=setup.device, pulse=pulse)
    return _combined(setup.group.gathered(answers))


def evaluation(
    model: nn.Module, batches: Iterable[Batch], *, recipe: Recipe, device: str = "cpu"
) -> Predictions:
    """Evaluate a model in the memory layout and precision that the recipe trains with.

    The numbers equal those at the end of a training to the last bit, unless that was compiled.
    """
    placed(model, recipe, device)
    return _combined([_answers(model, batches, recipe=recipe, device=device)])


class BatchAnswers(NamedTuple):
    """The answers for one batch; fields as in `Predictions`, but the loss is a sum."""

    loss: float
    target: NDArray[np.int64]
    top: NDArray[np.int64]
    confidence: NDArray[np.float32]
    probabilities: NDArray[np.float32] | None


def _answers(
    model: nn.Module,
    batches: Iterable[Batch],
    *,
    recipe: Recipe,
    device: str,
    pulse: Callable[[], None] = nothing,
) -> list[BatchAnswers]:
    model.eval()
    answers, numbers = [], 0
    with torch.inference_mode():
        for x, target in batches:
            with autocast(recipe, device):
                output = model(x)
            output = output.float()  # autocast may give half precision
            loss = cross_entropy(output, target, reduction="sum")
            top = output.topk(min(5, output.shape[1])).indices
            shares = output.softmax(1)
            numbers += shares.numel()
            # Of a large set the likeliest class alone, so that memory does not grow with classes.
            every = shares if numbers <= LARGEST else None
            answers.append((loss, target, top, shares.amax(1), every))
            pulse()
    # Copied to the CPU after the loop: a copy within it would wait for the device every time.
    return [
        BatchAnswers(
            float(loss),
            target.cpu().numpy(),
            top.cpu().numpy(),
            confidence.cpu().numpy(),
            None if every is None else every.cpu().numpy(),
        )
        for loss, target, top, confidence, every in answers
    ]


def _combined(answers: list[list[BatchAnswers]]) -> Predictions:
    """The evaluation over all processes, of which each had every `world`-th batch, in order."""
    # A process may have had a batch fewer, for which zip_longest gives None.
    ordered = [batch for turn in zip_longest(*answers) for batch in turn if batch]
    total = 0.0
    for batch in ordered:  # one by one: since Python 3.12 `sum` rounds differently
        total += batch.loss
    target, top, confidence = (np.concatenate([batch[i] for batch in ordered]) for i in (1, 2, 3))
    every = [batch.probabilities for batch in ordered if batch.probabilities is not None]
    whole = np.concatenate(every) if len(every) == len(ordered) else None
    return Predictions(total / len(target), target, top, confidence, whole)
