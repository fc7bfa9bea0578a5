"""Small data sets in COCO's form, of plain values that a test may break."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from study.tasks.detection.schema.data import CocoData

NAMES = {1: "cat", 3: "dog"}


def square(x, y, side):
    return [[x, y, x + side, y, x + side, y + side, x, y + side]]


def annotation(id, image, category=1, x=4, y=5, side=10):
    return {
        "id": id,
        "image_id": image,
        "category_id": category,
        "bbox": [x, y, side, side],
        "area": side * side,
        "iscrowd": 0,
        "segmentation": square(x, y, side),
    }


def tree(first=1, split="train"):
    """Three images of 40 × 30 px, of which the last has no object."""
    images = [
        {"id": first + i, "file_name": f"{split}_{i}.png", "height": 30, "width": 40}
        for i in range(3)
    ]
    objects = [
        annotation(10, first),
        annotation(11, first, 3, 20, 10, 8),
        annotation(12, first + 1, 3, 0, 0, 20),
    ]
    categories = [{"id": id, "name": name} for id, name in NAMES.items()]
    return {"images": images, "annotations": objects, "categories": categories}


def write(root: Path, train=None, val=None) -> CocoData:
    """Write both splits below a folder; a text is written as it is, and images are always right."""
    trees = {"train": train or tree(), "val": val or tree(101, "val")}
    (root / "annotations").mkdir(parents=True, exist_ok=True)
    for number, split in enumerate(trees):
        (root / split).mkdir(exist_ok=True)
        draws = np.random.default_rng(number)
        for i in range(3):
            pixels = draws.integers(0, 256, (30, 40, 3), np.uint8)
            Image.fromarray(pixels).save(root / split / f"{split}_{i}.png")
        content = trees[split]
        text = content if isinstance(content, str) else json.dumps(content)
        (root / "annotations" / f"{split}.json").write_text(text, "utf-8")
    return CocoData(
        name="coco",
        root=str(root),
        train="annotations/train.json",
        train_images="train",
        val="annotations/val.json",
        val_images="val",
    )
