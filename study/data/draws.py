"""Random numbers for the places of an epoch's order, the same however it is cut into batches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from study.data.chance import generator

PIECE = 4096  # places drawn for at a time; another number would draw other numbers


@dataclass(frozen=True)
class Draws:
    """Tensors whose first dimension runs over the places of an epoch's order.

    The row of a place depends on `keys` and on the place alone: not on the size of a batch, nor on
    how many images there are, nor on which places are asked for.
    """

    draw: Callable[[torch.Generator], Sequence[Tensor]]
    """Draws for PIECE places: any number of tensors, each (PIECE, ...)."""
    keys: tuple[int, ...]
    pieces: dict[int, Sequence[Tensor]] = field(default_factory=dict, repr=False, compare=False)

    def of(self, places: Sequence[int]) -> list[Tensor]:
        """The rows of some places, in their order."""
        first, last = min(places) // PIECE, max(places) // PIECE
        for number in [number for number in self.pieces if number < first]:
            del self.pieces[number]  # an epoch goes through its places once
        columns = zip(*(self._piece(n) for n in range(first, last + 1)), strict=True)
        rows = torch.tensor(places) - first * PIECE
        return [(c[0] if first == last else torch.cat(c))[rows] for c in columns]

    def _piece(self, number: int) -> Sequence[Tensor]:
        if number not in self.pieces:
            self.pieces[number] = self.draw(generator(*self.keys, number))
        return self.pieces[number]
