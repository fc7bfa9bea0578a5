"""Digits and other images: which are read, how they are drawn, and single pictures."""

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_digits

from study.tasks.classification.data import load
from study.tasks.classification.data.sampler import Epoch
from study.tasks.classification.schema import Data, Recipe

VARIED = Recipe(batch_size=64, color_jitter=0, interpolation="nearest", vflip=0.5, reprob=0.5)
PLAIN = VARIED.model_copy(
    update={"hflip": 0, "vflip": 0, "reprob": 0, "scale": [1, 1], "ratio": [1, 1], "crop_pct": 1}
)
PILLOW = Recipe(batch_size=64, aa="rand-m9-mstd0.5-inc1")
DIGITS = Data(name="digits", img_size=32)
EPOCH = Epoch(seed=0, number=0)


def drawn(data, recipe, *, seed=0, epoch=0, workers=0):
    batches = load(data, workers=workers).train_batches(recipe, seed=seed, epoch=epoch)
    images, targets = zip(*batches, strict=True)
    return torch.cat(images), torch.cat(targets)


def seen(data, recipe=PLAIN):
    images, targets = zip(*load(data, workers=0).val_batches(recipe), strict=True)
    return torch.cat(images), torch.cat(targets)


DATABASE = load_digits()


def digit(index):
    pixels = (DATABASE.images[index] * (255 / 16)).round().astype(np.uint8)
    return Image.fromarray(pixels), int(DATABASE.target[index])


def of_folder(root, **more):
    return Data(name="folder", root=str(root), img_size=24, **more)
