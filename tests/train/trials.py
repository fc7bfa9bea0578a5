"""Images, recipes and models that train in a moment, and what two trials are compared by."""

import numpy as np
import timm
import torch

from study.data import load
from study.schema import Data, Recipe

IMAGES = load(Data(name="digits", img_size=32, train_limit=64, val_limit=32))
PLAIN = Recipe(
    epochs=3,
    batch_size=16,
    lr=0.05,
    warmup_epochs=0,
    color_jitter=0,
    hflip=0,
    interpolation="nearest",
    crop_pct=1,
)
RICH = PLAIN.model_copy(
    update={
        "opt": "adamw",
        "lr": 2e-3,
        "warmup_epochs": 1,
        "mixup": 0.8,
        "cutmix": 1.0,
        "model_ema": True,
        "model_ema_decay": 0.9,
        "clip_grad": 1.0,
        "layer_decay": 0.8,
        "grad_accum_steps": 2,
        "reprob": 0.5,
    }
)


def recipe(**keys):
    return PLAIN.model_copy(update=keys)


def vit(drop_path_rate=0.2):
    torch.manual_seed(0)
    return timm.create_model(
        "test_vit",
        img_size=32,
        num_classes=10,
        drop_path_rate=drop_path_rate,
        proj_drop_rate=drop_path_rate,
    )


def resnet():
    torch.manual_seed(0)
    return timm.create_model("test_resnet", num_classes=10)


def same(ours, theirs):
    """Whether two state dicts, or dicts of arrays, hold the same bits."""
    return ours.keys() == theirs.keys() and all(
        np.array_equal(np.asarray(ours[k]), np.asarray(theirs[k])) for k in ours
    )


def timeless(history):
    return [
        {k: v for k, v in row.items() if k not in ("seconds", "images_per_second")}
        for row in history
    ]
