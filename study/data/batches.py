"""What both ways of reading share: order, cutting into batches, and the last steps of a batch."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from timm.data.constants import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from timm.data.distributed_sampler import RepeatAugSampler
from torch import Tensor

from study.data.boxes import boxes
from study.data.chance import fold, generator
from study.errors import DataError
from study.schema import Data, Recipe

Batch = tuple[Tensor, Tensor]
ORDER, CROP, ERASE, NOISE, PICTURE = range(5)  # first key of everything drawn in an epoch


@dataclass(frozen=True)
class Batches:
    """Batches that can be counted, and run through again from the start."""

    count: int
    start: Callable[[], Iterator[Batch]]

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

    def generator(self, purpose: int, *, device: str = "cpu") -> torch.Generator:
        return generator(purpose, self.seed, self.number, device=device)


def order(count: int, recipe: Recipe, epoch: Epoch) -> list[int]:
    """Indices in the order of an epoch; repeated augmentation takes count / repeats images."""
    if recipe.aug_repeats > 1:
        repeated = RepeatAugSampler(
            range(count), num_replicas=1, rank=0, num_repeats=recipe.aug_repeats
        )
        repeated.set_epoch(fold(ORDER, epoch.seed, epoch.number))
        return list(repeated)
    return torch.randperm(count, generator=epoch.generator(ORDER)).tolist()


def cut(indices: Sequence[int], size: int, *, training: bool) -> list[list[int]]:
    """Batches of `size`. Training drops an incomplete last one, unless it is the only one."""
    whole = len(indices) - len(indices) % size
    end = whole if training and whole else len(indices)
    return [list(indices[i : min(i + size, end)]) for i in range(0, end, size)]


def statistics(data: Data) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel given to the model, of pixels in 0..1.

    The data's own or ImageNet's; one channel gets the average of three, three get one repeated.
    """
    mean = _channels(data.mean or IMAGENET_DEFAULT_MEAN, data.in_chans, name="mean")
    std = _channels(data.std or IMAGENET_DEFAULT_STD, data.in_chans, name="std")
    return mean, std


def _channels(values: Sequence[float], channels: int, *, name: str) -> tuple[float, ...]:
    if len(values) not in (1, 3):
        raise DataError(f"data.{name} has {len(values)} values; give 1, or 3 (one per channel)")
    return tuple(values) if len(values) == channels else (sum(values) / len(values),) * channels


def finished(raw: Batches, *, data: Data, recipe: Recipe, epoch: Epoch, training: bool) -> Batches:
    """(B, 1 or C, H, W) of bytes -> (B, C, H, W) of normalised floats on the device, and targets.

    Erasing draws its noise on the device: an erased patch differs between cpu and cuda.
    """
    mean, std = (
        torch.tensor(s, device=epoch.device).mul_(255).view(-1, 1, 1) for s in statistics(data)
    )
    layout = torch.channels_last if recipe.channels_last else torch.contiguous_format
    erases = training and not recipe.no_aug and recipe.reprob > 0

    def start() -> Iterator[Batch]:
        where = epoch.generator(ERASE)
        noise = epoch.generator(NOISE, device=epoch.device)
        for pixels, target in raw:
            shape = (len(pixels), data.in_chans, *pixels.shape[2:])
            x = torch.empty(shape, device=epoch.device, memory_format=layout)
            x.copy_(pixels.to(epoch.device, non_blocking=True))
            x.sub_(mean).div_(std)
            if erases:
                erase(x, recipe, where=where, noise=noise)
            yield x, target.to(epoch.device, non_blocking=True)

    return Batches(len(raw), start)


def erase(x: Tensor, recipe: Recipe, *, where: torch.Generator, noise: torch.Generator) -> None:
    """Random erasing (arXiv 1708.04896) in place; area 0.02 to 1/3, ratio 0.3 to 1/0.3 as in timm.

    1 to `recount` patches in an image, each of its share of the area.
    """
    hit = torch.rand(len(x), generator=where) < recipe.reprob
    patches = torch.randint(1, recipe.recount + 1, (len(x),), generator=where)
    side = x.shape[-1]
    line = torch.arange(side)
    for patch in range(recipe.recount):
        scale = torch.rand(len(x), 10, generator=where) * (1 / 3 - 0.02) + 0.02
        box = boxes(scale / patches[:, None], ratio=(0.3, 1 / 0.3), side=side, generator=where)
        rows = (line >= box.top[:, None]) & (line < (box.top + box.height)[:, None])
        columns = (line >= box.left[:, None]) & (line < (box.left + box.width)[:, None])
        inside = rows[:, :, None] & columns[:, None, :]  # (B, H, W)
        chosen = (hit & (patch < patches)).nonzero()[:, 0].to(x.device)
        mask = inside.to(x.device)[chosen, None]  # (K, 1, H, W)
        x[chosen] = torch.where(mask, _filling(x[chosen], recipe.remode, noise), x[chosen])


def _filling(x: Tensor, mode: str, noise: torch.Generator) -> Tensor:
    """Zeros, one normal number per channel, or one per pixel: what a patch is filled with."""
    if mode == "const":
        return torch.zeros_like(x)
    shape = x.shape if mode == "pixel" else (*x.shape[:2], 1, 1)
    return torch.randn(shape, generator=noise, device=x.device)
