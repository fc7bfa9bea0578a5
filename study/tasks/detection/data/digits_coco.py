"""`digits_coco`: scikit-learn's handwritten digits on crops of its two photographs, exactly boxed.

A small real set in COCO's form that needs no download. Digits of the validation images are others
than those of the training images, and so are the parts of the photographs: the left 70 % are
trained on.
"""

import json
from colorsys import hsv_to_rgb
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from faster_coco_eval.core import mask as rle
from numpy.typing import NDArray
from PIL import Image

from study.tasks.detection.data.reading import Entry

IMAGES = {"train": 200, "val": 60}
SIDES = 96, 160  # px; the least and the largest side of an image
MOST = 6  # digits in an image
EMPTY = 0.06  # share of images without a digit
DIGIT = 24, 96  # px; sides of a digit's square, as many of each octave
LEFT = 0.7  # of a photograph's width, and of the digits: trained on
INK = 96  # of 255, from which on a pixel of an enlarged digit belongs to its mask
TRIES = 20
VERSION = 1  # part of the seed: raise it when a change alters the images

Pixels = NDArray[np.uint8]


class DrawnSplit(NamedTuple):
    """The images of one split, and its annotations as a text in COCO's form."""

    images: tuple[Pixels, ...]
    """(H, W, 3) each."""
    text: str


class Placed(NamedTuple):
    """A digit in an image: its mask (S, S) at a corner, and the class."""

    mask: NDArray[np.bool_]
    x: int
    y: int
    digit: int


@lru_cache(2)
def drawn(split: str) -> DrawnSplit:
    """The split `train` or `val`, always the same."""
    images: list[Pixels] = []
    files: list[Entry] = []
    objects: list[Entry] = []
    for number in range(IMAGES[split]):
        # Only random(), whose stream NumPy keeps the same between versions.
        image, placed = _image(split, np.random.default_rng([VERSION, len(split), number]))
        images.append(image)
        height, width, _ = image.shape
        name = f"{split}_{number:04d}.png"
        files.append({"id": number + 1, "file_name": name, "height": height, "width": width})
        for digit in placed:
            objects.append(_annotation(len(objects) + 1, number + 1, digit, (height, width)))
    categories = [{"id": digit + 1, "name": str(digit)} for digit in range(10)]
    tree = {"images": files, "annotations": objects, "categories": categories}
    return DrawnSplit(tuple(images), json.dumps(tree))


def write(folder: Path) -> None:
    """Write both splits as files: annotations/instances_SPLIT.json, and SPLIT/*.png."""
    (folder / "annotations").mkdir(parents=True, exist_ok=True)
    for split in IMAGES:
        images, text = drawn(split)
        (folder / "annotations" / f"instances_{split}.json").write_text(text, "utf-8")
        (folder / split).mkdir(exist_ok=True)
        for number, image in enumerate(images):
            Image.fromarray(image).save(folder / split / f"{split}_{number:04d}.png")


@lru_cache(1)
def _sources() -> tuple[list[Pixels], NDArray[np.float64], NDArray[np.int64]]:
    """Two photographs (427, 640, 3), and 1797 digits (8, 8) of 0..16 with their classes."""
    from sklearn.datasets import load_digits, load_sample_images

    digits = load_digits()
    return load_sample_images().images, digits.images, digits.target


def _image(split: str, draws: np.random.Generator) -> tuple[Pixels, list[Placed]]:
    photographs, _, _ = _sources()
    photograph = photographs[int(draws.random() * len(photographs))]
    height, width = (_between(*SIDES, draws.random()) for _ in range(2))
    edge = int(photograph.shape[1] * LEFT)
    left, right = (0, edge) if split == "train" else (edge, photograph.shape[1])
    x = _between(left, right - width, draws.random())
    y = _between(0, photograph.shape[0] - height, draws.random())
    image = photograph[y : y + height, x : x + width].copy()
    count = 0 if draws.random() < EMPTY else 1 + int(draws.random() * MOST)
    placed: list[Placed] = []
    taken = np.zeros((height, width), bool)
    for _ in range(count):
        if digit := _placed(split, taken, draws):
            _paint(image, digit, draws)
            placed.append(digit)
    return image, placed


def _placed(split: str, taken: NDArray[np.bool_], draws: np.random.Generator) -> Placed | None:
    """A digit whose square is free, which becomes taken; None where there is no room left."""
    _, digits, targets = _sources()
    share = int(len(digits) * LEFT)
    first, last = (0, share) if split == "train" else (share, len(digits))
    for _ in range(TRIES):
        index = _between(first, last - 1, draws.random())
        side = round(DIGIT[0] * (DIGIT[1] / DIGIT[0]) ** draws.random())
        x, y = (_between(0, length - side, draws.random()) for length in taken.shape[::-1])
        square = slice(y, y + side), slice(x, x + side)
        if not taken[square].any():
            taken[square] = True
            strokes = Image.fromarray((digits[index] * 255 / 16).astype(np.uint8))
            enlarged = np.asarray(strokes.resize((side, side), Image.Resampling.BILINEAR))
            return Placed(enlarged >= INK, x, y, int(targets[index]))
    return None


def _paint(image: Pixels, placed: Placed, draws: np.random.Generator) -> None:
    """Colour the pixels of the mask, and no others: dark on a light ground, light on a dark one."""
    side = len(placed.mask)
    square = image[placed.y : placed.y + side, placed.x : placed.x + side]
    value = 0.25 if square.mean() > 127 else 1.0
    colour = hsv_to_rgb(draws.random(), 0.3 + 0.4 * draws.random(), value)
    square[placed.mask] = np.round(np.array(colour) * 255).astype(np.uint8)


def _annotation(id: int, image: int, placed: Placed, size: tuple[int, int]) -> Entry:
    whole = np.zeros(size, np.uint8, order="F")
    side = len(placed.mask)
    whole[placed.y : placed.y + side, placed.x : placed.x + side] = placed.mask
    coded = rle.encode(whole)
    return {
        "id": id,
        "image_id": image,
        "category_id": placed.digit + 1,
        "bbox": [float(v) for v in rle.toBbox(coded).ravel()],
        "area": float(whole.sum()),
        "iscrowd": 0,
        "segmentation": {"size": list(size), "counts": coded["counts"].decode()},
    }


def _between(least: int, most: int, share: float) -> int:
    """A whole number from `least` to `most`, both of them possible, by a share from [0, 1)."""
    return least + int((most - least + 1) * share)
