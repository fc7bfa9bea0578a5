"""Normalisation of whole batches by mean and standard deviation; random erasing follows it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from timm.data.constants import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD

from study.tasks.classification.data.batches import Batch, BatchIterable
from study.tasks.classification.data.random_erasing import Erasing
from study.tasks.classification.data.sampler import ERASE, Epoch
from study.tasks.classification.schema import Data, Recipe


def statistics(data: Data) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation per channel of the model's input, for pixels in 0..1.

    The data's own or ImageNet's; one channel gets the average of three, three get one repeated.
    """
    mean = _channels(data.mean or IMAGENET_DEFAULT_MEAN, data.in_chans)
    return mean, _channels(data.std or IMAGENET_DEFAULT_STD, data.in_chans)


def _channels(values: Sequence[float], channels: int) -> tuple[float, ...]:
    return tuple(values) if len(values) == channels else (sum(values) / len(values),) * channels


def finished(
    raw: BatchIterable, *, data: Data, recipe: Recipe, epoch: Epoch, training: bool
) -> BatchIterable:
    """Normalise batches: bytes (B, 1 or C, H, W) -> floats (B, C, H, W) on the device, targets.

    Random erasing depends on an image's position in the epoch's order, not on its batch.
    """
    mean, std = (
        # In units of bytes, so that pixels need no division by 255; (C, 1, 1) each.
        torch.tensor(s, device=epoch.device).mul_(255).view(-1, 1, 1)
        for s in statistics(data)
    )
    layout = torch.channels_last if recipe.channels_last else torch.contiguous_format
    erases = training and not recipe.no_aug and recipe.reprob > 0

    def start() -> Iterator[Batch]:
        erase = Erasing.of(recipe, data.sides, epoch.keys(ERASE)) if erases else None
        # A resumed epoch begins at batch `first`; positions count from the start of the epoch.
        for number, (pixels, target) in enumerate(raw, epoch.part.first):
            shape = (len(pixels), data.in_chans, *pixels.shape[2:])
            # In the layout of the model at once, so that no second copy converts it.
            x = torch.empty(shape, device=epoch.device, memory_format=layout)
            # (B, C, H, W); one grey channel is repeated C times.
            x.copy_(pixels.to(epoch.device, non_blocking=True))
            x.sub_(mean).div_(std)
            if erase:
                # Positions in the order of the epoch.
                erase(x, [number * raw.size + slot for slot in raw.slots])
            yield x, target.to(epoch.device, non_blocking=True)

    return replace(raw, start=start)
