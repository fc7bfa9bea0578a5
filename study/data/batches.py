"""What both ways of reading share: order, cutting into batches, and the last steps of a batch."""

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
ORDER, CROP, ERASE, _, PICTURE = range(5)  # first key of everything drawn in an epoch


@dataclass(frozen=True)
class Part:
    """What one of `world` processes makes of a pass over images.

    Of training, its slots of every batch from `first` on; of evaluation, every world-th batch.
    """

    first: int = 0
    rank: int = 0
    world: int = 1

    def slots(self, size: int, recipe: Recipe) -> Sequence[int]:
        """Of a batch of `size` images, those of this process; pairs that are mixed stay together.

        timm mixes image i with image B - 1 - i, so turning the share around turns the batch around.
        """
        if self.world == 1:
            return range(size)
        units = size // 2 if recipe.mixes else size
        if units < self.world:
            pairs = ", as images are mixed in pairs" if recipe.mixes else ""
            raise DataError(
                f"a batch of {size} cannot be shared by {self.world} processes{pairs}: raise "
                "recipe.batch_size where there are images enough, or take at most "
                f"{max(1, units)} processes"
            )
        mine = range(units * self.rank // self.world, units * (self.rank + 1) // self.world)
        return [*mine, *(2 * units - 1 - slot for slot in reversed(mine))] if recipe.mixes else mine


ALL = Part()


@dataclass(frozen=True)
class Batches:
    """Batches that can be counted, and run through again from the start.

    They are counted whole, but of each that is trained on these are only the `slots`, of `size`.
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
    """One pass over the training images; with the recipe, all that its randomness may depend on."""

    seed: int
    number: int
    device: str = "cpu"
    part: Part = ALL

    def keys(self, purpose: int) -> tuple[int, int, int]:
        return purpose, self.seed, self.number


def order(count: int, recipe: Recipe, epoch: Epoch) -> list[int]:
    """Indices in the order of an epoch; repeated augmentation takes count / repeats images."""
    if recipe.aug_repeats > 1:
        repeated = RepeatAugSampler(
            range(count), num_replicas=1, rank=0, num_repeats=recipe.aug_repeats
        )
        repeated.set_epoch(fold(ORDER, epoch.seed, epoch.number))
        return list(repeated)
    return torch.randperm(count, generator=generator(*epoch.keys(ORDER))).tolist()


def cut(indices: Sequence[int], size: int, *, training: bool) -> list[list[int]]:
    """Batches of `size`. Training drops an incomplete last one, unless it is the only one."""
    whole = len(indices) - len(indices) % size
    end = whole if training and whole else len(indices)
    return [list(indices[i : min(i + size, end)]) for i in range(0, end, size)]


def statistics(data: Data) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel given to the model, of pixels in 0..1.

    The data's own or ImageNet's; one channel gets the average of three, three get one repeated.
    """
    mean = _channels(data.mean or IMAGENET_DEFAULT_MEAN, data.in_chans)
    return mean, _channels(data.std or IMAGENET_DEFAULT_STD, data.in_chans)


def _channels(values: Sequence[float], channels: int) -> tuple[float, ...]:
    return tuple(values) if len(values) == channels else (sum(values) / len(values),) * channels


def finished(raw: Batches, *, data: Data, recipe: Recipe, epoch: Epoch, training: bool) -> Batches:
    """(B, 1 or C, H, W) of bytes -> (B, C, H, W) of normalised floats on the device, and targets.

    What is erased depends on the place of an image in the epoch's order, not on its batch.
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
