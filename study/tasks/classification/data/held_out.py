"""A part of the training images that is evaluated in place of the validation images."""

from collections import defaultdict
from collections.abc import Sequence

import torch

from study.errors import DataError
from study.tasks.classification.data import drawn_split
from study.tasks.classification.data.generators import generator
from study.tasks.classification.data.split import Split

DRAW = 205  # another number would hold out other images, and so change every stored trial


def divided(train: Split, share: float, *, multi_label: bool = False) -> tuple[Split, Split]:
    """The images to train on, and those held out: a share of each class, always the same.

    Raises:
        DataError: the classes are in the images alone, or no class has two images.
    """
    # As for a drawn split: sets of labels are often of one image each, so all are one class.
    labels = [0] * len(train) if multi_label else getattr(train, "labels", None)
    if labels is None:
        raise DataError("holdout: the classes of these images are not known before they are read")
    part = indices(labels, share)
    if not part:
        raise DataError("holdout: no class has two training images, of which one is held out")
    rest = sorted({*range(len(labels))} - {*part})
    return train.only(rest), train.only(part)


def indices(labels: Sequence[int], share: float) -> list[int]:
    """The places of the images that are held out; at least one of each class with two or more."""
    classes = defaultdict[int, list[int]](list)
    for place, label in enumerate(labels):
        classes[label].append(place)
    drawn = list[int]()
    for label, places in classes.items():
        # By class, so that images of one class move none of another.
        order = torch.randperm(len(places), generator=generator(DRAW, label)).tolist()
        drawn += [places[i] for i in order[: drawn_split.count(len(places), share)]]
    return sorted(drawn)
