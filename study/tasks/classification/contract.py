"""The contract of losses, metrics, optimizers, schedules and transforms: checks of an entry.

A check takes the entry of a registry and returns a message about what is wrong, or "".
"""

from collections.abc import Callable
from copy import deepcopy
from math import isfinite

import numpy as np
import torch
from PIL import Image
from timm.scheduler.scheduler import Scheduler
from torch import Tensor, nn

from study.registries.contracts import Check
from study.spec.metric import Metric
from study.tasks.classification.quality import Predictions
from study.tasks.classification.schema import Data, Recipe

# Few, as a fault shows in few images and a check should take no time.
IMAGES, CLASSES, SIDE = 60, 7, 32
# One epoch of warm-up and five after it, so that a schedule shows both of its parts.
RECIPE = Recipe(epochs=6, warmup_epochs=1, lr=0.1, smoothing=0.0)
# Any mixup above 0 means targets (B, C); no image is mixed here.
MIXED = RECIPE.model_copy(update={"mixup": 0.2})

# ---- metrics ----


def predictions(*, right: bool) -> Predictions:
    """Predictions of a classifier that is always right and sure, or that guesses."""
    draw = np.random.default_rng(0)
    # 50 logits more give the right class a probability of 1 in float32.
    target = draw.integers(0, CLASSES, IMAGES)
    logits = draw.normal(size=(IMAGES, CLASSES)) + 50.0 * right * np.eye(CLASSES)[target]
    probabilities = np.exp(logits - logits.max(1, keepdims=True))
    probabilities /= probabilities.sum(1, keepdims=True)
    return Predictions(
        loss=float(-np.log(probabilities[range(IMAGES), target]).mean()),
        target=target,
        top=np.argsort(-probabilities, 1)[:, :5],
        confidence=probabilities.max(1).astype(np.float32),
        probabilities=probabilities.astype(np.float32),
    )


def is_number(metric: Metric) -> str:
    """The metric of guesses and of right answers is a finite number, or None."""
    for right in (False, True):
        value = _of(metric)(predictions(right=right))
        if value is not None and (not isinstance(value, int | float) or not isfinite(value)):
            return f"gives {value!r}, which is no finite float"
    return ""


def repeats(metric: Metric) -> str:
    first, second = (_of(metric)(predictions(right=False)) for _ in range(2))
    return "" if first == second else f"gives {first} and then {second} for the same predictions"


def is_directed(metric: Metric) -> str:
    """Right and sure answers are no worse than guesses."""
    good, bad = (_of(metric)(predictions(right=right)) for right in (True, False))
    # Equal values say nothing about the direction.
    if good is None or bad is None or good == bad:
        return ""
    better = "higher" if good > bad else "lower"
    wrong = better != metric.better
    return f"better: {metric.better}, yet right answers have {good:g}, guesses {bad:g}" * wrong


def _of(metric: Metric) -> Callable[[Predictions], float | None]:
    assert metric.of is not None  # refused when the plugin was imported
    return metric.of


# ---- losses ----


def gives_scalar(loss: Callable[[Recipe], nn.Module]) -> str:
    value = _loss(loss, RECIPE)
    if value.shape:
        return f"gives {tuple(value.shape)} for (B, C) outputs and (B,) classes, not a scalar"
    return "" if value.isfinite() else "gives a number that is not finite"


def reaches_outputs(loss: Callable[[Recipe], nn.Module]) -> str:
    outputs = _outputs().requires_grad_()
    loss(RECIPE)(outputs, _classes()).backward()
    return "" if outputs.grad is not None and outputs.grad.abs().sum() else "has no gradient"


def takes_mixed(loss: Callable[[Recipe], nn.Module]) -> str:
    """A recipe that mixes images gives targets (B, C)."""
    # The same for all classes, as no image is mixed that evenly by chance.
    soft = torch.full((IMAGES, CLASSES), 1 / CLASSES)
    value = loss(MIXED)(_outputs(), soft)
    return "" if not value.shape and value.isfinite() else "gives no finite scalar"


def _loss(loss: Callable[[Recipe], nn.Module], recipe: Recipe) -> Tensor:
    value: Tensor = loss(recipe)(_outputs(), _classes())
    return value


def _outputs() -> Tensor:
    return torch.randn(IMAGES, CLASSES, generator=torch.Generator().manual_seed(0))


def _classes() -> Tensor:
    # In turn, so that every class occurs.
    return torch.arange(IMAGES) % CLASSES


# ---- optimizers and schedules ----

Optimizer = Callable[[nn.Module, Recipe], torch.optim.Optimizer]


def moves_weights(optimizer: Optimizer) -> str:
    # Equal, as both are drawn from the same seed.
    model, before = _model(), _model()
    _step(model, optimizer(model, RECIPE))
    both = zip(model.parameters(), before.parameters(), strict=True)
    still = [i for i, (now, then) in enumerate(both) if torch.equal(now, then)]
    return "leaves weights as they are" if still else ""


def resumes(optimizer: Optimizer) -> str:
    """A step after loading the state equals the step without an interruption."""
    model = _model()
    first = optimizer(model, RECIPE)
    _step(model, first)
    again = deepcopy(model)
    second = optimizer(again, RECIPE)
    # Copied, as the state of an optimizer is that of its own tensors.
    second.load_state_dict(deepcopy(first.state_dict()))
    for each, steps in ((model, first), (again, second)):
        torch.manual_seed(1)  # an optimizer may draw
        _step(each, steps)
    both = zip(model.parameters(), again.parameters(), strict=True)
    same = all(torch.equal(now, then) for now, then in both)
    return "" if same else "continues otherwise from its state_dict: an interruption changes it"


def has_rates(schedule: Callable[[torch.optim.Optimizer, Recipe], Scheduler]) -> str:
    """Every epoch has a learning rate that is finite and not negative."""
    # Any optimizer does: a schedule changes the rates of its groups alone.
    optimizer = torch.optim.SGD(_model().parameters(), lr=0.1)
    scheduler = schedule(optimizer, RECIPE)
    if absent := [
        n for n in ("step", "state_dict", "load_state_dict") if not hasattr(scheduler, n)
    ]:
        return f"gives an object without {', '.join(absent)}"
    for epoch in range(RECIPE.total_epochs):
        rate = optimizer.param_groups[0].get("lr", 0.0)
        if not isfinite(rate) or rate < 0:
            return f"gives the learning rate {rate} in epoch {epoch}"
        scheduler.step(epoch + 1)  # as in training: timm counts epochs from 0
    return ""


def _model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2))


def _step(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    for weight in model.parameters():
        # Not zero for any weight, so that a weight that stays is the fault of the optimizer.
        weight.grad = torch.ones_like(weight)
    optimizer.step()


# ---- transforms ----


def gives_image(transform: Callable[..., Callable[[Image.Image], Tensor]]) -> str:
    """The transform gives bytes of the model's size, in training and in evaluation."""
    data = Data(name="digits", img_size=SIDE)
    # Images are cropped and flipped beforehand in training alone.
    for training, viewed in ((True, False), (True, True), (False, False)):
        # Larger by 9 px, so that a transform that forgets to resize is found.
        side = SIDE if viewed else SIDE + 9
        image = transform(data, RECIPE, training, viewed)(Image.new("RGB", (side, side)))
        shape = tuple(getattr(image, "shape", ()))
        if shape != (3, SIDE, SIDE) or torch.as_tensor(image).dtype != torch.uint8:
            return f"gives {shape or type(image).__name__}, not bytes (3, {SIDE}, {SIDE})"
    return ""


CHECKS: dict[str, dict[str, Check]] = {
    "metric": {
        "is a number": is_number,
        "is the same for the same predictions": repeats,
        "is better for right answers": is_directed,
    },
    "loss": {
        "is a scalar": gives_scalar,
        "has a gradient": reaches_outputs,
        "takes mixed targets": takes_mixed,
    },
    "optimizer": {"moves weights": moves_weights, "continues from its state": resumes},
    "schedule": {"has a rate in every epoch": has_rates},
    "transform": {"gives an image": gives_image},
}
"""Checks by kind of entry, each with its name."""
