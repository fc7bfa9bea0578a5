"""Evaluation of given weights on given images: top-1, top-5 and loss, with their settings."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from pydantic import BaseModel, ValidationError
from timm.data import resolve_data_config
from torch import nn

from study import given_weights, models
from study.errors import BuildError, DataError, SizeError
from study.models import paired_init, weights
from study.models.factory import ImageShape
from study.models.weights import WeightsSource
from study.spec.image_size import ImageSize, of_sides, printed
from study.store.records import Environment, Evaluation, ImageFingerprint, finite
from study.store.store import Store
from study.tasks.classification import data, train
from study.tasks.classification.data.dataset import Preprocessing
from study.tasks.classification.finished import finished, trains
from study.tasks.classification.multi_label_quality import measured
from study.tasks.classification.schema import Data, Recipe
from study.tasks.classification.trial import model as run
from study.tasks.classification.trial.images import fingerprints
from study.trial.environment import environment

Tick = Callable[[int, int], object]
Keys = dict[str, Any]
Checked = TypeVar("Checked", bound=BaseModel)
Item = TypeVar("Item")

NONE: Keys = {}


def ignore(done: int, total: int) -> None:
    pass


@dataclass(frozen=True)
class EvaluationSubject:
    """A model with its weights, and the images and settings it is evaluated with."""

    name: str
    model: nn.Module
    weights: WeightsSource
    images: data.ValidationData
    recipe: Recipe
    """Only crop, interpolation, batch size, precision and memory layout are used."""


class Evaluated(Evaluation):
    """Metrics in base units, with every setting that they depend on."""

    model: str
    parameters: int
    weights: WeightsSource
    images: int
    classes: int
    fingerprints: dict[str, ImageFingerprint]
    data: dict[str, Any]
    preprocessing: Preprocessing
    batch_size: int
    precision: str
    environment: Environment


def evaluate_trial(
    store: Store, name: str, *, img_size: ImageSize | None = None, device: str = "cpu"
) -> Evaluated:
    """Evaluate a trained trial on its validation images, at its training size or another."""
    images = NONE if img_size is None else {"img_size": img_size}
    return evaluate(trained(store, name, images=images), device=device)


def evaluate(subject: EvaluationSubject, *, device: str = "cpu", tick: Tick = ignore) -> Evaluated:
    """The metrics of a model on its images.

    `tick(done, total)` is called for every batch.

    Raises:
        SizeError: the model takes no images of this size.
        BuildError: an output is not finite.
    """
    images, recipe = subject.images, subject.recipe
    # Tried first, so that an error of the size is not taken for one of the images.
    _refuse_size(subject, device)
    batches = images.val_batches(recipe, device=device)
    watched = _watched(batches, len(batches), tick)
    evaluation = train.evaluation(subject.model, watched, recipe=recipe, device=device)
    if not math.isfinite(evaluation.loss):
        raise BuildError(f"{subject.name} has outputs that are not finite, so there is no metric")
    return Evaluated(
        model=subject.name,
        parameters=sum(p.numel() for p in subject.model.parameters()),
        weights=subject.weights,
        metrics=finite(measured(evaluation)),
        images=len(evaluation.target),
        classes=images.classes,
        fingerprints=fingerprints(images),
        data=images.data.model_dump(mode="json"),
        preprocessing=images.preprocessing(recipe),
        batch_size=recipe.batch_size,
        precision=_precision(recipe, device),
        environment=environment(device, "classification"),
    )


# ---- subjects ----


def trained(
    store: Store, name: str, *, images: Keys = NONE, look: Keys = NONE, ema: bool | None = None
) -> EvaluationSubject:
    """A finished trial with its own settings, except for these keys of Data and Recipe.

    Uses the averaged weights where the recipe has an average, unless `ema` is False.

    Raises:
        StoreError: the trial does not exist, is not finished, or its weights are gone.
    """
    record, path = finished(store, name)
    record = run.opened(record)
    config, classes = record.config, record.shape.num_classes
    stored = config.data | record.where
    if "name" in images:  # keys that locate the trial's own images do not apply
        stored = {key: stored[key] for key in ("img_size", "in_chans", "mean", "std")}
    val = data.validation(_checked(Data, stored | images))
    if val.classes != classes:
        raise DataError(f"trial {name} has {classes} classes, {val.data.name} has {val.classes}")
    if val.data.multi_label != record.data.multi_label:
        several = "several labels" if record.data.multi_label else "one label"
        raise DataError(f"trial {name} is of images with {several}, {val.data.name} is not")
    recipe = _checked(Recipe, config.recipe | look)
    if trains(record):
        model = run.build_model(record)
        origin = weights.load(model, path, ema=recipe.model_ema if ema is None else ema)
    else:
        model = paired_init.seeded(lambda: run.starting_model(record), record.seed)
        origin = WeightsSource("as given: the trial trains nothing", None, None, False)
    return EvaluationSubject(f"{config.model.name} {name}", model, origin, val, recipe)


def named(
    name: str,
    checkpoint: Path | None,
    *,
    arguments: Keys = NONE,
    images: Keys,
    look: Keys = NONE,
    ema: bool | None = None,
    key: str | None = None,
) -> EvaluationSubject:
    """A timm model with the weights of `checkpoint`, or without one with timm's pretrained weights.

    Size, crop, interpolation, mean and deviation default to those that the weights were published
    with; precision to float32.
    """
    if given_weights.has_given_weights(arguments):
        raise BuildError("weights are given by --checkpoint or --pretrained, not by --model-arg")
    config = weights.pretrained_cfg(name, arguments)
    images, look = _defaulted(name, config, images, look)
    val, recipe = data.validation(_checked(Data, images)), _checked(Recipe, look)
    shape: ImageShape = {
        "num_classes": val.classes,
        "in_chans": val.data.in_chans,
        "img_size": val.data.img_size,
    }
    if checkpoint is None:
        model, origin = weights.pretrained(name, arguments, config, **shape)
    else:
        model = models.build(name, arguments, **shape)
        origin = weights.load(model, checkpoint, ema=ema, key=key)
    return EvaluationSubject(name, model, origin, val, recipe)


def _defaulted(name: str, config: Keys, images: Keys, look: Keys) -> tuple[Keys, Keys]:
    """These keys with defaults from a `pretrained_cfg`, read as timm's validate.py reads it."""
    # timm publishes accuracies at `test_input_size`, which may be larger than the training size.
    own = resolve_data_config(pretrained_cfg=config, use_test_size=True)
    channels, height, width = own["input_size"]
    if own["crop_mode"] != "center" and "crop_pct" not in look:
        raise BuildError(
            f"{name} is published on images that are fitted whole into a square (crop_mode "
            f"{own['crop_mode']}), not cropped; give crop_pct to crop the centre anyway"
        )
    if images.get("num_classes") and images["name"] == "folder" and not images.get("class_map"):
        raise DataError(
            "num_classes: folders that are not all of the classes would be numbered from 0; "
            "give class_map too"
        )
    statistics = {key: list(own[key]) for key in ("mean", "std")}
    defaults = {"img_size": of_sides(height, width), "in_chans": channels, **statistics}
    crop = {key: own[key] for key in ("crop_pct", "interpolation")}
    return {**defaults, **images}, {**crop, **look}


def _checked(schema: type[Checked], keys: Keys) -> Checked:
    try:
        return schema(**keys)
    except ValidationError as error:
        # pydantic puts "Value error" before the messages of our own validators.
        messages = [
            f"{'.'.join(map(str, row['loc']))}: {row['msg'].removeprefix('Value error, ')}"
            for row in error.errors()
        ]
        raise DataError("; ".join(text.removeprefix(": ") for text in messages)) from error


# ---- evaluation ----


def _refuse_size(subject: EvaluationSubject, device: str) -> None:
    """Raises SizeError if the model takes no image of this size; tries one black image."""
    settings = subject.images.data
    x = torch.zeros(1, settings.in_chans, *settings.sides, device=device)
    target = torch.zeros(1, dtype=torch.long, device=device)
    if settings.multi_label:
        target = torch.zeros(1, subject.images.classes, device=device)
    check: Any = getattr(subject.model, "check_input", None)
    try:
        if check is not None:
            check(*settings.sides)  # models of this package know which sizes they take
        train.evaluation(subject.model, [(x, target)], recipe=subject.recipe, device=device)
    except (AssertionError, RuntimeError, ValueError, BuildError) as error:
        if "memory" in str(error):  # the machine's limit, not the model's
            raise MemoryError(str(error)) from error
        cause = str(error).splitlines()[0] if str(error) else type(error).__name__
        size = printed(settings.img_size)
        raise SizeError(f"{subject.name} takes no images of {size} px: {cause}") from error


def _precision(recipe: Recipe, device: str) -> str:
    if recipe.amp:
        return recipe.amp_dtype
    # TF32 has 10 bits of mantissa instead of 23; torch allows it in convolutions by default.
    shorter = device.startswith("cuda") and torch.backends.cudnn.allow_tf32
    return "float32, convolutions in TF32" if shorter else "float32"


def _watched(items: Iterable[Item], total: int, tick: Tick) -> Iterator[Item]:
    for done, item in enumerate(items):
        tick(done, total)
        yield item
    tick(total, total)
