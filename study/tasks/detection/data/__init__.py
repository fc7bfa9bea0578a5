"""Images with objects in COCO's form: read once, in an order that every arm of a seed shares.

Reading annotations needs no torch, so the module that makes batches is imported on first use.
"""

from typing import TYPE_CHECKING

from study.tasks.detection.data.annotations import Category, Objects
from study.tasks.detection.data.images import DetectionImages
from study.tasks.detection.data.loading import DetectionData, load

if TYPE_CHECKING:
    from study.tasks.detection.data.batches import Batch, train_batches, val_batches

__all__ = [
    "Batch",
    "Category",
    "DetectionData",
    "DetectionImages",
    "Objects",
    "load",
    "train_batches",
    "val_batches",
]


def __getattr__(name: str) -> object:
    if name in ("Batch", "train_batches", "val_batches"):
        from study.tasks.detection.data import batches

        return getattr(batches, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
