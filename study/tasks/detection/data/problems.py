"""Problems of annotation files by their entries, before anything trains."""

import os
from collections.abc import Iterator, Sequence
from filecmp import cmp
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from study.tasks.detection.data.annotations import Annotations
from study.tasks.detection.data.entry_problems import entry_problems
from study.tasks.detection.data.json_stream import UnreadableError
from study.tasks.detection.data.loading import (
    limited,
    locations,
    opened,
)
from study.tasks.detection.schema.data import CocoData
from study.text import path_text

MOST = 10  # messages about one file
OPENED = 5_000  # images of a split whose size is compared with the file's


class AnnotationProblem(NamedTuple):
    """A problem with a data set, and the key of the study's `data` that causes it."""

    key: str
    message: str
    absent: bool = False
    """True if the file is not on this machine, so that nothing can be said about it."""


def problems(data: CocoData, *, masks: bool = True) -> list[AnnotationProblem]:
    """All that is wrong with both splits, at most ten of each and a count of the others.

    Masks are checked for models that learn them. Images are opened up to `OPENED` of a split; the
    size of each one is compared again when it is read.
    """
    if data.name == "digits_coco":
        return []
    splits: list[tuple[Annotations, Path]] = []
    wrong: list[AnnotationProblem] = []
    for key in ("train", "val"):
        path, folder = locations(data, key)
        try:
            annotations, entries = opened(path, masks)
        except OSError as error:
            absent = isinstance(error, FileNotFoundError)
            message = f"{path_text(path)}: {error.strerror}"
            wrong.append(AnnotationProblem(key, message, absent))
            continue
        except UnreadableError as error:
            wrong.append(AnnotationProblem(key, f"{path_text(path)} {error}"))
            continue
        splits.append((annotations, folder))
        every = [*entries, *entry_problems(annotations, data, masks=masks and not entries)]
        # Files are looked for once the entries are right, as most of their problems follow.
        every = every or list(_files(annotations, folder))
        wrong += (AnnotationProblem(key, f"{path_text(path)}: {m}") for m in first_of(every))
    if not wrong and len(splits) == 2:
        # Two broken files would differ for the same reason.
        wrong = [AnnotationProblem("val", message) for message in _between(*splits)]
    return wrong


def notes(data: CocoData, *, masks: bool = True) -> Iterator[str]:
    """Sentences on objects and images that are left out, of a data set without problems."""
    if data.name == "digits_coco":
        return
    for key in ("train", "val"):
        path, _ = locations(data, key)
        annotations, _ = opened(path, masks)
        if data.zero_area == "drop" and (count := int(annotations.rows.without_area.sum())):
            yield f"{path_text(path)}: {count} objects without area are left out"
        if (
            key == "train"
            and data.empty == "drop"
            and (count := int((annotations.counts == 0).sum()))
        ):
            yield f"{path_text(path)}: {count} images without objects are not trained on"


def first_of(messages: Sequence[str]) -> list[str]:
    """At most ten messages, and the number of the others."""
    more = len(messages) - MOST
    return [*messages[:MOST], f"and {more} more"] if more > 0 else list(messages)


# ---- one file ----


def _files(annotations: Annotations, folder: Path) -> Iterator[str]:
    """Messages about images that are missing, no images, or of another size."""
    try:
        # One listing in place of 100,000 questions to a file system of a network.
        names = set(os.listdir(folder))
    except OSError as error:
        yield f"the folder of its images, {path_text(folder)}: {error.strerror}"
        return
    lost = set()
    for index in range(len(annotations)):
        name = annotations.name(index)
        if name not in names and not (folder / name).is_file():
            lost.add(index)
            yield f"image {annotations.image_ids[index]}: {path_text(folder / name)} is missing"
    for index in limited(len(annotations), OPENED):
        if index not in lost and (message := _size(annotations, folder, int(index))):
            yield f"image {annotations.image_ids[index]}: {message}"


def _size(annotations: Annotations, folder: Path, index: int) -> str:
    """A message about the size of an image; "" if it is right. Its pixels are not decoded."""
    path = folder / annotations.name(index)
    height, width = (int(side) for side in annotations.sizes[index])
    try:
        with Image.open(path) as image:
            size = image.size
    except (OSError, Image.DecompressionBombError):
        return f"{path_text(path)} is no image that can be read"
    if size == (width, height):
        return ""
    return (
        f"{path_text(path)} is {size[0]} × {size[1]} px, and the annotations say {width} × {height}"
    )


# ---- two files ----


def _between(train: tuple[Annotations, Path], val: tuple[Annotations, Path]) -> Iterator[str]:
    """Messages about two splits that do not fit together."""
    ours, theirs = ({c.id: c.name for c in part.categories} for part, _ in (train, val))
    if ours != theirs:
        differ = [id for id in sorted(ours | theirs) if ours.get(id) != theirs.get(id)]
        pairs = (
            f"{id} is {_quoted(ours, id)} in train and {_quoted(theirs, id)} in val"
            for id in differ
        )
        yield f"the categories of train and val differ: {'; '.join(first_of(list(pairs)))}"
    yield from first_of(list(_shared(train, val)))


def _quoted(names: dict[int, str], id: int) -> str:
    return f'"{path_text(names[id])}"' if id in names else "absent"


def _shared(train: tuple[Annotations, Path], val: tuple[Annotations, Path]) -> Iterator[str]:
    """Messages about images that are trained on and evaluated."""
    (ours, ours_at), (theirs, theirs_at) = train, val
    names = {ours.name(i): int(ours.image_ids[i]) for i in range(len(ours))}
    same_folder = ours_at.resolve() == theirs_at.resolve()
    for index in range(len(theirs)):
        name = theirs.name(index)
        # Two folders may number their images alike: the contents decide.
        if name in names and (same_folder or cmp(ours_at / name, theirs_at / name, shallow=False)):
            yield (
                f"image {theirs.image_ids[index]}, {path_text(theirs_at / name)}, is trained on, "
                f"too, as image {names[name]} of train"
            )
