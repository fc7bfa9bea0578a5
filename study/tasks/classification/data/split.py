"""Splits of a data set: their interface, a drawn split, and a limit to some images."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray

from study.tasks.classification.data.batches import BatchIterable
from study.tasks.classification.data.generators import generator
from study.tasks.classification.data.image_files import Fingerprint
from study.tasks.classification.data.sampler import Epoch, Part
from study.tasks.classification.schema import Recipe


class Split(Protocol):
    """One split of a data set, which gives training and evaluation batches."""

    def __len__(self) -> int: ...
    def only(self, indices: Sequence[int]) -> Self: ...
    def training(self, recipe: Recipe, epoch: Epoch) -> BatchIterable: ...
    def evaluation(self, recipe: Recipe, device: str, part: Part) -> BatchIterable: ...


class OpenedSplits(NamedTuple):
    """The requested splits of a data set; `classes` is None if the files do not give a number."""

    splits: Sequence[Split]
    classes: int | None
    fingerprints: Sequence[Fingerprint] = ()
    """Fingerprints of the splits, for an image folder."""


def limited(split: Split, limit: int | None) -> Split:
    """The first `limit` images of a random order, so that classes stay mixed."""
    if limit is None or limit >= len(split):
        return split
    # One draw for all seeds, so that all trials read the same images.
    # Sorted, so that a limit changes which images are read, not their order.
    return split.only(sorted(torch.randperm(len(split), generator=generator(0)).tolist()[:limit]))


def stratified(targets: NDArray[np.int64], *, validation: int) -> dict[str, NDArray[np.int64]]:
    """Drawn indices of a `train` and a `validation` split, which has `validation` images.

    Both have the classes in the proportions of `targets`. The draw is always the same.
    """
    from sklearn.model_selection import train_test_split

    halves = train_test_split(
        # Another `random_state` would change the images of every stored trial.
        np.arange(len(targets)),
        test_size=validation,
        stratify=targets,
        random_state=0,
    )
    return dict(zip(("train", "validation"), map(np.sort, halves), strict=True))
