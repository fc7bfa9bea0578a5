"""A draft of a study of classifiers on folders of classes."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from study.cli.drafts.draft import CHECK, Draft, comment, scalar

LOOKED_AT = 64  # images whose sizes are read
CLASSES_NAMED = 6


@dataclass(frozen=True)
class ClassFolders:
    """Folders of classes with images, of one or two splits."""

    root: Path
    counts: dict[str, dict[str, int]]
    """Images by class, by the name of a split; "" where the root itself has the classes."""
    sizes: tuple[tuple[int, int], ...]
    """Widths and heights in pixels of some of them."""


def class_folders(path: Path) -> ClassFolders | None:
    """Folders of classes at a path, or one level below it; None without any."""
    from study.tasks.classification.data.locations import TRAIN, VAL

    if not path.is_dir():
        return None
    for root in (path, *sorted(p for p in path.glob("[!.]*") if p.is_dir())):
        splits = {
            split: counts
            for names in (TRAIN, (*VAL, "test"))
            for split in [next((name for name in names if (root / name).is_dir()), "")]
            if split and (counts := _classes(root / split))
        }
        if len(splits) == 2:
            return ClassFolders(root, splits, _sizes(root, splits))
    whole = _classes(path)
    return ClassFolders(path, {"": whole}, _sizes(path, {"": whole})) if len(whole) > 1 else None


def _classes(folder: Path) -> dict[str, int]:
    """The number of images in each class folder that has some."""
    from study.tasks.classification.data.file_types import is_picture

    counts = {
        entry.name: sum(is_picture(name) for name in os.listdir(entry))
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name)
        if entry.is_dir() and not entry.name.startswith(".")
    }
    return {name: count for name, count in counts.items() if count}


def _sizes(root: Path, splits: dict[str, dict[str, int]]) -> tuple[tuple[int, int], ...]:
    """The sizes of the first image of each class, as far as they can be read."""
    from PIL import Image, UnidentifiedImageError

    sizes = list[tuple[int, int]]()
    split, classes = next(iter(splits.items()))
    for name in list(classes)[:LOOKED_AT]:
        for file in sorted((root / split / name).iterdir())[:1]:
            try:
                with Image.open(file) as image:
                    sizes.append(image.size)
            except (OSError, UnidentifiedImageError, ValueError):
                continue  # study plan --check-images names it
    return tuple(sizes)


def draft(path: Path, folder: Path) -> Draft | None:
    """The draft of a study of the images at a path; None without any."""
    known = class_folders(path)
    name = f"{known.root.resolve().name}.yaml" if known else ""
    return Draft(_text(_data(known)), name, f"{known.root}: {_counted(known)}") if known else None


def example() -> Draft:
    """The draft of a study of scikit-learn's digits."""
    return Draft(_text(EXAMPLE), "digits.yaml", "scikit-learn's digits, as an example")


EXAMPLE = (
    f"  {CHECK} no class folders were found: these images come with scikit-learn",
    "  data: {name: digits, img_size: 64}",
)


def _text(data: Iterable[str]) -> str:
    return f"""\
# A study of classifiers. Lines with CHECK are guesses: decide, and delete them.
task: classification
{CHECK} the question that the table answers
question: Does the learning rate matter?

baseline:
  {CHECK} study list models "*pvt*" lists the names of timm and of this package
  model: resnet18
{chr(10).join(data)}
  {CHECK} smoke takes three epochs, to see that it runs; study list recipes has those of papers
  recipe: smoke

{CHECK} what is varied; the first level is the baseline's
factors:
  recipe.lr: {{"1e-3": 1.0e-3, "3e-4": 3.0e-4}}
  # model: {{ResNet-18: resnet18, ResT-Lite: rest_lite}}

seeds: 3                 # more seeds find smaller differences: study plan says which
columns: [params, macs, throughput, top1]
"""


def _data(known: ClassFolders) -> Iterator[str]:
    yield "  data:"
    yield "    name: folder"
    yield f"    root: {scalar(str(known.root))}  # $IMAGES, say, names the same trials everywhere"
    for split, counts in known.counts.items():
        if split:
            key = "train_split" if split == next(iter(known.counts)) else "val_split"
            yield f"    {key}: {split}  # {comment(_described(counts))}"
        else:
            yield f"    split: 0.2  # drawn for validation, from {comment(_described(counts))}"
    yield f"    img_size: {_img_size(known)}  # {CHECK[2:]} images are {_extent(known)}"


def _described(counts: dict[str, int]) -> str:
    first = ", ".join(f"{name} {count}" for name, count in list(counts.items())[:CLASSES_NAMED])
    more = ", ..." if len(counts) > CLASSES_NAMED else ""
    return f"{sum(counts.values()):,} images of {len(counts)} classes: {first}{more}"


def _counted(known: ClassFolders) -> str:
    images = sum(sum(counts.values()) for counts in known.counts.values())
    return f"{images:,} images of {len(next(iter(known.counts.values())))} classes"


def _img_size(known: ClassFolders) -> int:
    """A usual size for the images: 224 px, unless all of them are much smaller."""
    largest = max((max(size) for size in known.sizes), default=224)
    return next((side for side in (32, 64, 128) if largest <= side), 224)


def _extent(known: ClassFolders) -> str:
    if not known.sizes:
        return "of sizes that could not be read"
    (small, _), (large, _) = (
        f(((w * h), (w, h)) for w, h in known.sizes)[::-1] for f in (min, max)
    )
    texts = [f"{width} x {height}" for width, height in dict.fromkeys([small, large])]
    return f"{' to '.join(texts)} px (width x height)"
