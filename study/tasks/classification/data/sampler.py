"""Sampler: the order of an epoch, its cut into batches, and the share of each process."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from timm.data.distributed_sampler import RepeatAugSampler

from study.errors import DataError
from study.tasks.classification.data.generators import generator
from study.tasks.classification.schema import Recipe
from study.tasks.training.seeding import fold

# The first seed key of each random purpose, so that no two purposes draw the same numbers. A number
# that is changed or used again changes the images of stored trials; the fourth is unused.
ORDER, CROP, ERASE, _, PICTURE = range(5)


@dataclass(frozen=True)
class Part:
    """The share of one of `world` processes in a pass over images.

    Training: some slots of every batch from `first` on. Evaluation: every world-th batch.
    """

    first: int = 0
    rank: int = 0
    world: int = 1

    def slots(self, size: int, recipe: Recipe) -> Sequence[int]:
        """Positions of this process's images in a batch of `size`; mixed pairs stay together.

        timm mixes image i with image B - 1 - i, so a share is taken from both ends of the batch.
        """
        if self.world == 1:
            return range(size)
        units = size // 2 if recipe.mixes else size
        if units < self.world:
            pairs = ", as images are mixed in pairs" if recipe.mixes else ""
            raise DataError(
                f"a batch of {size} cannot be shared by {self.world} processes{pairs}: raise "
                "recipe.batch_size if there are enough images, or use at most "
                f"{max(1, units)} processes"
            )
        mine = range(units * self.rank // self.world, units * (self.rank + 1) // self.world)
        return [*mine, *(2 * units - 1 - slot for slot in reversed(mine))] if recipe.mixes else mine


ALL = Part()


@dataclass(frozen=True)
class Epoch:
    """One pass over the training images; its randomness depends on this and the recipe alone."""

    seed: int
    number: int
    device: str = "cpu"
    part: Part = ALL

    def keys(self, purpose: int) -> tuple[int, int, int]:
        return purpose, self.seed, self.number


def order(count: int, recipe: Recipe, epoch: Epoch) -> list[int]:
    """Image indices in the order of an epoch; repeated augmentation uses count / repeats images."""
    if recipe.aug_repeats > 1:
        # From 256 images on it gives a multiple of 256 positions, as DeiT's original does.
        repeated = RepeatAugSampler(
            # One replica: our processes share batches, so that their number changes no image.
            range(count),
            num_replicas=1,
            rank=0,
            num_repeats=recipe.aug_repeats,
        )
        repeated.set_epoch(fold(ORDER, epoch.seed, epoch.number))  # it seeds by its epoch alone
        return list(repeated)
    return torch.randperm(count, generator=generator(*epoch.keys(ORDER))).tolist()


def cut(indices: Sequence[int], size: int, *, training: bool) -> list[list[int]]:
    """Indices in batches of `size`; training drops an incomplete last batch if there are others."""
    whole = len(indices) - len(indices) % size
    end = whole if training and whole else len(indices)
    return [list(indices[i : min(i + size, end)]) for i in range(0, end, size)]
