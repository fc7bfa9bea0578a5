"""Evaluation on the validation images, during training and after it."""

from collections.abc import Callable, Iterable, Iterator
from itertools import zip_longest
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from study.tasks.classification.multi_label_quality import MultiLabelPredictions
from study.tasks.classification.quality import LARGEST, Predictions
from study.tasks.classification.schema import Recipe
from study.tasks.classification.train.ema import evaluated_model
from study.tasks.classification.train.setup import Batch, Setup, placed
from study.tasks.training.precision import autocast
from study.trial.callbacks import nothing

Answers = Predictions | MultiLabelPredictions


def evaluated(
    setup: Setup, batches: Iterable[Batch], *, pulse: Callable[[], None] = nothing
) -> Answers:
    """Evaluate, all processes together; the averaged weights where the recipe has an average."""
    model = evaluated_model(setup.task, setup.recipe)
    answers = _answers(model, batches, recipe=setup.recipe, device=setup.device, pulse=pulse)
    return _combined(setup.group.gathered(answers))


def evaluation(
    model: nn.Module, batches: Iterable[Batch], *, recipe: Recipe, device: str = "cpu"
) -> Answers:
    """Evaluate a model in the memory layout and precision that the recipe trains with.

    Targets (B,) are classes, targets (B, C) are several labels of each image.

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


class LabelAnswers(NamedTuple):
    """The answers for one batch of images with several labels; the loss is a sum."""

    loss: float
    target: NDArray[np.bool_]
    logits: NDArray[np.float32]


def _answers(
    model: nn.Module,
    batches: Iterable[Batch],
    *,
    recipe: Recipe,
    device: str,
    pulse: Callable[[], None] = nothing,
) -> list[BatchAnswers | LabelAnswers]:
    labelled, answers, numbers = list[tuple[Tensor, Tensor, Tensor]](), [], 0
    with torch.inference_mode():
        for output, target in _outputs(model, batches, recipe, device):
            if target.ndim == 2:
                several = binary_cross_entropy_with_logits(output, target, reduction="sum")
                labelled.append((several, target > 0, output))
                pulse()
                continue
            loss = cross_entropy(output, target, reduction="sum")
            top = output.topk(min(5, output.shape[1])).indices
            shares = output.softmax(1)
            numbers += shares.numel()
            # Of a large set the likeliest class alone, so that memory does not grow with classes.
            every = shares if numbers <= LARGEST else None
            answers.append((loss, target, top, shares.amax(1), every))
            pulse()
    # Copied to the CPU after the loop: a copy within it would wait for the device every time.
    if labelled:
        return [LabelAnswers(float(s), *(t.cpu().numpy() for t in rest)) for s, *rest in labelled]
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


def _outputs(
    model: nn.Module, batches: Iterable[Batch], recipe: Recipe, device: str
) -> Iterator[Batch]:
    """The outputs (B, C) of the model and the targets, by batch."""
    model.eval()
    for x, target in batches:
        with autocast(recipe, device):
            output = model(x)
        yield output.float(), target  # autocast may give half precision


def _combined(answers: list[list[BatchAnswers | LabelAnswers]]) -> Answers:
    """The evaluation over all processes, of which each had every `world`-th batch, in order."""
    # A process may have had a batch fewer, for which zip_longest gives None.
    ordered = [batch for turn in zip_longest(*answers) for batch in turn if batch]
    total = 0.0
    for batch in ordered:  # one by one: since Python 3.12 `sum` rounds differently
        total += batch.loss
    if labelled := [batch for batch in ordered if isinstance(batch, LabelAnswers)]:
        labels, logits = (np.concatenate([batch[i] for batch in labelled]) for i in (1, 2))
        return MultiLabelPredictions(total / labels.size, labels, logits)
    single = [batch for batch in ordered if isinstance(batch, BatchAnswers)]
    target, top, confidence = (np.concatenate([batch[i] for batch in single]) for i in (1, 2, 3))
    every = [batch.probabilities for batch in single if batch.probabilities is not None]
    whole = np.concatenate(every) if len(every) == len(ordered) else None
    return Predictions(total / len(target), target, top, confidence, whole)
