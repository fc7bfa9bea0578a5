"""A plugin that adds images with two labels: pairs of scikit-learn's digits, side by side."""

import numpy as np
from sklearn.datasets import load_digits

from study.tasks.classification.data.sources import SOURCES, in_memory
from study.tasks.classification.data.split import OpenedSplits
from study.tasks.classification.schema import Data

DIGITS = {"train": slice(1400), "validation": slice(1400, None)}
PAIRS = {"train": 640, "validation": 320}


def digit_pairs(data: Data, splits: list[str], workers: int) -> OpenedSplits:
    """Two digits beside each other, 640 pairs to train on and 320 of other digits to evaluate."""
    pixels, classes = load_digits(return_X_y=True)
    digits = (pixels.reshape(-1, 8, 8) * (255 / 16)).round().astype(np.uint8)  # from 0..16
    opened = []
    for split in splits:
        draw = np.random.default_rng(len(split))  # always the same pairs
        both = draw.choice(np.arange(len(digits))[DIGITS[split]], (PAIRS[split], 2))
        images = np.zeros((len(both), 16, 16), np.uint8)
        images[:, 4:12] = digits[both].transpose(0, 2, 1, 3).reshape(-1, 8, 16)
        labels = np.zeros((len(both), 10), np.uint8)
        np.put_along_axis(labels, classes[both], 1, axis=1)  # (N, 10), 1 for each digit there
        opened.append(in_memory(images, labels, data=data, workers=workers))
    return OpenedSplits(opened, 10)


SOURCES["digit_pairs"] = digit_pairs
