"""Random numbers by position in an epoch's order, independent of the batch size."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from study.tasks.classification.data.generators import generator

PIECE = 4096  # positions drawn at a time; changing it changes every random number


@dataclass(frozen=True)
class PositionDraws:
    """Random tensors whose first dimension is the position in an epoch's order.

    A row depends on `keys` and its position alone, not on the batch size, the number of images or
    the other positions that are read.
    """

    draw: Callable[[torch.Generator], Sequence[Tensor]]
    """Draws the tensors for PIECE positions, each (PIECE, ...)."""
    keys: tuple[int, ...]
    pieces: dict[int, Sequence[Tensor]] = field(default_factory=dict, repr=False, compare=False)

    def of(self, places: Sequence[int]) -> list[Tensor]:
        """The rows of the given positions, in their order."""
        first, last = min(places) // PIECE, max(places) // PIECE
        for number in [number for number in self.pieces if number < first]:
            del self.pieces[number]  # an epoch visits positions in ascending order
        # A batch may straddle pieces. Pieces, unlike batches, have a fixed size: a generator that
        # drew by batch would give other numbers at another batch size.
        columns = zip(*(self._piece(n) for n in range(first, last + 1)), strict=True)
        rows = torch.tensor(places) - first * PIECE
        return [(c[0] if first == last else torch.cat(c))[rows] for c in columns]

    def _piece(self, number: int) -> Sequence[Tensor]:
        if number not in self.pieces:
            self.pieces[number] = self.draw(generator(*self.keys, number))
        return self.pieces[number]
