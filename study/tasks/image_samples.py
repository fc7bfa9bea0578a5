"""Differences of two arms on samples of the images they were evaluated on."""

from __future__ import annotations  # numpy is for reports: plans must start without it

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


# A name and not an import, as other rooms use it at run time.
Arrays = Mapping[str, "NDArray[Any]"]
"""The arrays of one trial's file of predictions."""


@dataclass(frozen=True, eq=False)
class ImageSamples:
    """The differences of a metric by seed, first arm minus second, in base units."""

    seeds: Sequence[int]
    images: int
    """Number of images."""
    differences: NDArray[np.float64]
    """(seeds,) on the images themselves."""
    samples: NDArray[np.float64]
    """(seeds, S) on bootstrap samples of the images, which are the same for all seeds."""
