"""Effective settings of a recipe: if they are equal, two trainings are equal bit for bit.

Many settings have no effect beside others, such as cutmix at mixup_prob 0. A factor whose levels
differ in such a setting alone would compare a training with itself, so a plan refuses it.
"""

from collections.abc import Mapping, Sequence

from study.tasks.classification.schema.data import Data
from study.tasks.classification.schema.recipe import Recipe

OPTIMIZER = ("opt_eps", "opt_betas", "momentum", "weight_decay")
PRECISION = ("channels_last", "grad_checkpointing", "torchcompile", "fast_path")
Acting = dict[str, object]


def training(data: Data, recipe: Recipe, rates: Sequence[float], updates: str | None) -> Acting:
    """The settings that decide training and evaluation.

    `rates` are the learning rates of the epochs. `updates` is a digest of the optimizer's updates
    at these rates, or None if it is unknown; then all keys of the optimizer count.
    """
    evaluation = _precision(recipe) | {"evaluation": _evaluation(data, recipe)}
    if not recipe.epochs:  # given weights are evaluated as they are
        return evaluation
    size, steps = _batches(data, recipe)
    return evaluation | {
        "rates": list(rates),
        "opt": recipe.opt.lower(),
        "updates": updates or _keys(recipe, *OPTIMIZER),
        "layer_decay": recipe.layer_decay or 1.0,
        "clip": _keys(recipe, "clip_grad", "clip_mode") if recipe.clip_grad else None,
        "batch": size,
        "steps": steps,
        "augmentation": _augmentation(data, recipe),
        "mixing": _mixing(recipe),
        "loss": [recipe.loss_name, recipe.smoothing, _weights(recipe)],
        "average": _keys(recipe, "model_ema_decay", "model_ema_warmup") if recipe.model_ema else 0,
    }


def _weights(recipe: Recipe) -> object:
    """The weights of classes; None where all are 1."""
    weights = recipe.class_weights
    return None if isinstance(weights, list) and set(weights) == {1.0} else weights


def step(recipe: Recipe) -> Acting:
    """The settings that decide the time and memory of one update, not the number of updates."""
    return _precision(recipe) | {
        "opt": recipe.opt.lower(),
        "optimizer": _keys(recipe, *OPTIMIZER, "layer_decay"),
        "clip": _keys(recipe, "clip_mode") if recipe.clip_grad else None,
        "batch": recipe.batch_size,
        # An update is timed while images are mixed, whenever mixing ends.
        "mixing": _mixing(recipe) and {**_mixing(recipe), "off": 0},
        "loss": recipe.loss_name,
        "average": recipe.model_ema,
    }


def _keys(recipe: Recipe, *keys: str) -> Acting:
    return recipe.model_dump(mode="json", include=set(keys))


def _precision(recipe: Recipe) -> Acting:
    return _keys(recipe, *PRECISION) | {"amp": recipe.amp_dtype if recipe.amp else None}


def _batches(data: Data, recipe: Recipe) -> tuple[int, int]:
    """Images per batch and batches per update, limited by the size of the data set."""
    images = data.train_images
    # A larger batch than the data set has the same images as one of its size.
    if images is None or recipe.aug_repeats > 1:
        return recipe.batch_size, recipe.grad_accum_steps
    size = min(recipe.batch_size, images)
    return size, min(recipe.grad_accum_steps, images // size)


def _augmentation(data: Data, recipe: Recipe) -> Acting:
    repeats = max(1, recipe.aug_repeats)
    if recipe.transform != "timm":  # which keys it reads is its own affair
        return recipe.model_dump(mode="json")
    if recipe.no_aug:  # timm has no random interpolation there
        still = recipe.interpolation.replace("random", "bilinear")
        return {"repeats": repeats, "interpolation": None if data.held else still}
    # Of an oblong image a crop of ratio 1 is a part.
    whole = recipe.scale == [1, 1] and recipe.ratio == [1, 1] and data.is_square
    moves = recipe.aa or not (data.held and whole)  # RandAugment's rotations interpolate too
    return {
        "repeats": repeats,
        **_keys(recipe, "scale", "ratio", "hflip", "vflip", "aa"),
        "jitter": recipe.color_jitter if recipe.jitters else 0,
        "interpolation": recipe.interpolation if moves else None,
        "erasing": _keys(recipe, "reprob", "remode", "recount") if recipe.reprob else None,
    }


def _mixing(recipe: Recipe) -> Mapping[str, object]:
    """Settings of mixup and CutMix; empty if neither is ever applied."""
    # The share of CutMix. With one of the two switched off, timm ignores mixup_switch_prob.
    share = recipe.mixup_switch_prob if recipe.mixup and recipe.cutmix else float(not recipe.mixup)
    alphas = recipe.mixup * (share < 1), recipe.cutmix * (share > 0)
    off = recipe.mixup_off_epoch
    if not recipe.mixup_prob or not any(alphas):
        return {}
    return {
        "alphas": alphas,
        "share": share,
        "off": off if 0 < off < recipe.total_epochs else 0,
        **_keys(recipe, "mixup_prob", "mixup_mode"),
    }


def _evaluation(data: Data, recipe: Recipe) -> Acting:
    """Settings of resize and crop in evaluation; uncropped images in memory have none."""
    if data.held and recipe.crop_pct == 1:
        return {"crop_pct": 1}
    filter_ = recipe.interpolation.replace("random", "bilinear")
    return {"crop_pct": recipe.crop_pct, "interpolation": filter_}
