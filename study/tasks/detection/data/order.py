"""The order of training: batches of images of one shape, without end.

Everything depends on the seed, the epoch and the image alone, so that every arm of a seed, at any
number of processes and workers, sees the same images at the same sizes.
"""

from collections.abc import Iterator
from itertools import count
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# The first key of each random purpose, so that no two purposes draw the same numbers.
ORDER, LOOK = range(2)


class Draw(NamedTuple):
    """One image in one epoch."""

    epoch: int
    image: int


def batches(
    sizes: NDArray[np.int32], size: int, *, seed: int, aspect_groups: bool
) -> Iterator[list[Draw]]:
    """Batches of `size` images, all wide or all tall with `aspect_groups`, by sizes (I, 2).

    As in Detectron2, images wait until a batch of their shape is full, so that none is dropped: an
    epoch's last images stand in a batch with the next epoch's first.
    """
    # A batch is padded to its largest sides: of 640 × 480 px
    # and 480 × 640 px a quarter would be padding.
    wide = sizes[:, 1] > sizes[:, 0] if aspect_groups else np.zeros(len(sizes), bool)
    waiting: tuple[list[Draw], list[Draw]] = ([], [])
    if not len(sizes):
        return
    for epoch in count():
        draws = np.random.default_rng([ORDER, seed, epoch])
        for image in draws.permutation(len(sizes)):
            group = waiting[int(wide[image])]
            group.append(Draw(epoch, int(image)))
            if len(group) == size:
                yield list(group)
                group.clear()


def share(batch: list[Draw], rank: int, world: int) -> list[Draw]:
    """The part of a batch that one of `world` processes takes."""
    # Shares of one size give or take one image, that cover the batch for any number.
    return batch[len(batch) * rank // world : len(batch) * (rank + 1) // world]


def look(seed: int, draw: Draw) -> tuple[float, float]:
    """Two random numbers from [0, 1) that choose the size and the flip of an image."""
    # One generator per image and epoch: its numbers depend on no other image.
    size, flip = np.random.default_rng([LOOK, seed, *draw]).random(2)
    return float(size), float(flip)
