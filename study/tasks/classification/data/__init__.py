"""Data sets by name, in batches whose order and augmentation depend on seed and epoch alone.

Listing files needs no torch, so the modules that read images are imported on first use.
"""

from typing import TYPE_CHECKING, Any

from study.tasks.classification.data.locations import evaluated_split

if TYPE_CHECKING:
    from study.tasks.classification.data.dataset import DataSplits, ValidationData, load, validation

__all__ = ["DataSplits", "ValidationData", "evaluated_split", "load", "validation"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from study.tasks.classification.data import dataset

        return getattr(dataset, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
