"""Folders of tiny pictures, and what is wrong with them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from study.errors import DataError
from study.store.store import Store
from study.tasks.classification.data.listing import listed
from study.tasks.classification.data.sources import folder
from study.tasks.classification.plan import image_summaries, images
from study.tasks.classification.schema import Data

PIXEL = Image.fromarray(np.zeros((4, 4, 3), np.uint8))


def drawn(root: Path, *names: str) -> Path:
    """Pictures and other files below a folder."""
    for name in names:
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.suffix in (".png", ".jpg", ".JPEG", ".webp", ".bmp", ".tif", ".gif"):
            PIXEL.save(place, {".JPEG": "JPEG"}.get(place.suffix))
        else:
            place.write_text("x")
    return root


HALVES = ("train", "val")
BOTH = tuple(f"{half}/{name}/1.png" for half in HALVES for name in ("cat", "dog"))


def data(root: Path, **more: object) -> Data:
    return Data(name="folder", root=str(root), img_size=8, **more)


def wrong(root: Path, **more: object) -> list[tuple[str, str]]:
    """What is wrong with a folder; what its training half would be read as must be refused, too."""
    settings = data(root, **more)
    image_summaries.forget()
    faults = images.image_problems(settings, Store(root.parent / "store"))
    if faults:
        with pytest.raises(DataError) as refused:
            folder(settings, ("train", "validation"), 0)
        assert faults[0].message in str(refused.value)
    return [(fault.key, fault.message) for fault in faults]


def counts(root: Path, **more: object) -> dict[str, int]:
    (train, _), _ = listed(data(root, **more), ("train", "validation"))
    return dict(train.summary.counts)


BIG = tuple(
    f"{half}/{n}/{s}/1.png" for half in HALVES for n in ("cat", "dog") for s in ("big", "small")
)
