"""Pictures of a task's data with what every arm predicts, as a report draws them."""

from __future__ import annotations  # numpy is for reports: plans must start without it

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Region:
    """A part of an image with its label."""

    label: str
    box: tuple[float, float, float, float]
    """x1, y1, x2, y2 in pixels."""
    mask: NDArray[np.bool_] | None = None
    """(H, W)"""
    right: bool = True
    """False for a prediction that is wrong, whose line is dashed."""


@dataclass(frozen=True, eq=False)
class SheetRow:
    """One image, shown once in every column with other regions."""

    name: str
    pixels: NDArray[np.uint8]
    """(H, W, 3)"""
    regions: tuple[tuple[Region, ...], ...]
    """The regions of every column."""


@dataclass(frozen=True, eq=False)
class ContactSheet:
    """Images in rows, and in columns the truth and the predictions of every arm."""

    name: str
    """Name of its files, without ending."""
    title: str
    columns: tuple[str, ...]
    rows: tuple[SheetRow, ...]
