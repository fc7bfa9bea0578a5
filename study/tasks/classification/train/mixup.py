"""Mixup and CutMix, drawn by the number of the batch."""

from collections.abc import Iterable, Iterator

from study.errors import DataError
from study.tasks.classification.train.setup import Batch, Setup
from study.tasks.training.determinism import numpy_seeded


def mixed(
    setup: Setup, batches: Iterable[Batch], *, seed: int, epoch: int, first: int = 0
) -> Iterator[Batch]:
    """Batches with Mixup and CutMix, drawn by (seed, epoch, number of the batch) alone.

    timm mixes an even number of images, so a last odd one is left out. `first` is the number of the
    first batch.
    """
    if setup.mixup is None:
        yield from batches
        return
    off_epoch = setup.recipe.mixup_off_epoch
    setup.mixup.mixup_enabled = not off_epoch or epoch < off_epoch
    for number, (x, target) in enumerate(batches, first):
        even = len(x) // 2 * 2  # timm mixes image i with image B - 1 - i
        if not even:
            raise DataError("mixup and CutMix pair images, and a batch has only 1: add images")
        # timm's Mixup draws from numpy's global generator.
        with numpy_seeded(seed, epoch, number):
            pair = setup.mixup(x[:even], target[:even])
        yield pair
