"""Batches of a pass over images."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from torch import Tensor

Batch = tuple[Tensor, Tensor]
Target = int | Tensor
"""The class of an image, or with several labels 0 or 1 for each class, (C,)."""


@dataclass(frozen=True)
class BatchIterable:
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
