"""Evaluation on the validation images, during training and after it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import cross_entropy

from study.spec.schema import Recipe
from study.train.callbacks import nothing
from study.train.ema import evaluated_model
from study.train.precision import autocast
from study.train.setup import Batch, Setup, placed


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
        # (N, k), with at most one hit in a row.
        return float((self.top[:, :k] == self.target[:, None]).any(1).mean())

    @property
    def metrics(self) -> dict[str, float]:
        """`top1` and `top5`, fractions of the images, and `loss`, nats per image."""
        return {"top1": self.accuracy(1), "top5": self.accuracy(5), "loss": self.loss}

    @property
    def predictions(self) -> dict[str, NDArray[np.int64]]:
        return {"target": self.target, "top": self.top}


def evaluated(
    setup: Setup, batches: Iterable[Batch], *, pulse: Callable[[], None] = nothing
) -> BatchwiseEvaluation:
    """Evaluate, all processes together; the averaged weights where the recipe has an average."""
    model = evaluated_model(setup.task, setup.recipe)
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
