"""Order of an epoch (sampler), cutting into batches, and normalisation of whole batches."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from timm.data.constants import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from timm.data.distributed_sampler import RepeatAugSampler
from torch import Tensor

from study.data.chance import generator
from study.data.erasing import Erasing
from study.errors import DataError
from study.schema import Data, Recipe
from study.seeding import fold

Batch = tuple[Tensor, Tensor]
ORDER, CROP, ERASE, _, PICTURE = range(5)  # first seed key of each random purpose


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
class Batches:
    """An iterable of batches with a length, which can be iterated again from the start.

    A training batch of `size` images has only the `slots` of this process.
    """

    count: int
    start: Callable[[], Iterator[Batch]]
    size: int = 0
    slots: Sequence[int] = ()

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Batch]:
        return self.start()


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
        repeated = RepeatAugSampler(
            range(count), num_replicas=1, rank=0, num_repeats=recipe.aug_repeats
        )
        repeated.set_epoch(fold(ORDER, epoch.seed, epoch.number))
        return list(repeated)
    return torch.randperm(count, generator=generator(*epoch.keys(ORDER))).tolist()


def cut(indices: Sequence[int], size: int, *, training: bool) -> list[list[int]]:
    """Indices in batches of `size`; training drops an incomplete last batch if there are others."""
    whole = len(indices) - len(indices) % size
    end = whole if training and whole else len(indices)
    return [list(indices[i : min(i + size, end)]) for i in range(0, end, size)]


def statistics(data: Data) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation per channel of the model's input, for pixels in 0..1.

    The data's own or ImageNet's; one channel gets the average of three, three get one repeated.
    """
    mean = _channels(data.mean or IMAGENET_DEFAULT_MEAN, data.in_chans)
    return mean, _channels(data.std or IMAGENET_DEFAULT_STD, data.in_chans)


def _channels(values: Sequence[float], channels: int) -> tuple[float, ...]:
    return tuple(values) if len(values) == channels else (sum(values) / len(values),) * channels


def finished(raw: Batches, *, data: Data, recipe: Recipe, epoch: Epoch, training: bool) -> Batches:
    """Normalise batches: bytes (B, 1 or C, H, W) -> floats (B, C, H, W) on the device, targets.

    Random erasing depends on an image's position in the epoch's order, not on its batch.
    """
    mean, std = (
        torch.tensor(s, device=epoch.device).mul_(255).view(-1, 1, 1) for s in statistics(data)
    )
    layout = torch.channels_last if recipe.channels_last else torch.contiguous_format
    erases = training and not recipe.no_aug and recipe.reprob > 0

    def start() -> Iterator[Batch]:
        erase = Erasing.of(recipe, data.img_size, epoch.keys(ERASE)) if erases else None
        for number, (pixels, target) in enumerate(raw, epoch.part.first):
            shape = (len(pixels), data.in_chans, *pixels.shape[2:])
            x = torch.empty(shape, device=epoch.device, memory_format=layout)
            x.copy_(pixels.to(epoch.device, non_blocking=True))
            x.sub_(mean).div_(std)
            if erase:
                erase(x, [number * raw.size + slot for slot in raw.slots])
            yield x, target.to(epoch.device, non_blocking=True)

    return replace(raw, start=start)
