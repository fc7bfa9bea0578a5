"""Problems of image folders that their file names show, before any image is read."""

import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from study.errors import likely_name
from study.tasks.classification.data.file_types import TEXT_FILES, counted, first_names
from study.tasks.classification.data.image_files import Summary, numbered
from study.tasks.classification.data.kind_problems import (
    gaps,
    of_arrays,
    of_csv,
    of_drawn,
    of_tables,
    only_evaluated,
    unlike_columns,
)
from study.tasks.classification.schema import Data
from study.text import path_text


class ImageProblem(NamedTuple):
    """A problem with the images, and the key of the study's `data` that causes it."""

    key: str
    message: str
    absent: bool = False
    """True if the images are not on this machine, so nothing can be said about them."""


def data_problems(
    data: Data, splits: Sequence[Summary], names: Mapping[str, int]
) -> list[ImageProblem]:
    """Problems that prevent training on two splits, or evaluation of one.

    `names` is the class map. Problems that follow from another one are left out.
    """
    training, drawn = len(splits) > 1, data.split is not None
    keys: Sequence[str] = data.split_keys if training else data.split_keys[1:]
    if drawn and (wrong := list(of_drawn(splits))):
        return [ImageProblem("split", message) for message in wrong]
    if drawn:  # both splits are of the same files
        splits, keys = splits[:1], keys[:1]
    of_one = KINDS[data.name]
    alone = [
        ImageProblem(key, message)
        for key, split in zip(keys, splits, strict=True)
        for message in of_one(data, split, names)
    ]
    if len(splits) > 1 and data.name != "npz" and (overlap := _overlap(*splits)):
        return [*alone, ImageProblem(keys[1], overlap)]
    if alone:  # counts of classes would be wrong for the same reason
        return alone
    if names:
        between = list(_unmapped(data, splits, names))
    elif data.name == "folder":
        between = list(_unlike(splits))
    else:
        wrong = [*unlike_columns(splits)] or [*only_evaluated(splits)]
        wrong += gaps(data, splits[0]) if data.name == "npz" and training else ()
        between = [ImageProblem(keys[-1], message) for message in wrong]
    return between or list(_counted(data, splits[0], names, training=training))


def oddities(splits: Sequence[Summary], names: Mapping[str, int]) -> Iterator[str]:
    """Messages about files that are not read, which prevent nothing."""
    for split in splits:
        beside = _kinds(split, lambda ending: ending in TEXT_FILES)
        where = path_text(split.place)
        if beside:
            yield f"{where}: {counted(beside)} beside the pictures are not read"
        if split.unlabelled:
            yield f"{where}: {split.unlabelled} of {split.files} pictures have no label"
        # Of the split that is trained on: classes without an image are never learned.
        if split is splits[0] and (lost := [n for n in split.declared if n not in split.counts]):
            yield f"{where}: no pictures of {len(lost)} classes of its labels: {first_names(lost)}"
        if split.repeated:
            yield f"{where}: {split.repeated} links to what is read anyway are not followed"
        if split.unmapped:
            count = sum(split.unmapped.values())
            yield (
                f"{where}: class_map leaves out {len(split.unmapped)} class folders with "
                f"{count} pictures: {first_names(split.unmapped)}"
            )
        absent = [name for name in names if name not in split.counts]
        if absent:
            names_absent = first_names(absent)
            yield f"{where}: no pictures of {len(absent)} classes of class_map: {names_absent}"
    if lone := numbered(splits[0].counts.keys() - splits[-1].counts.keys()):
        where = path_text(splits[-1].place)
        # Only where an image may have several labels there is a number of images.
        mean = "; mAP and AUROC leave them out" * (splits[-1].images is not None)
        yield f"{where}: classes trained on and not evaluated: {first_names(lone)}{mean}"


# ---- one split ----


def _of_one(data: Data, split: Summary, names: Mapping[str, int]) -> Iterator[str]:
    where = path_text(split.place)
    if split.broken:
        yield f"{where}: cannot be read: {first_names(split.broken)}; repair or remove them"
    for pattern, count in split.ignored.items():
        if count:
            yield (
                f"{where}: ignore {pattern} would leave out {count} pictures that can be read; "
                "move them elsewhere"
            )
    if not split.counts and not split.empty and not split.unmapped:
        yield f"{where}: {_nothing(split)}"
        return
    if split.loose:
        yield (
            f"{where}: {split.loose} pictures lie beside the class folders and have no class; "
            "move them into class folders, or elsewhere"
        )
    # Until it is known which folder is the class, the other problems mean nothing.
    if split.nested and data.class_folder is None:
        yield f"{where}: {_nested(split)}"
        return
    if empty := [name for name in split.empty if name not in names]:
        yield f"{where}: {_empty(split, empty)}"
    if lost := _kinds(split, lambda ending: ending not in TEXT_FILES, without=split.empty):
        tops = [top for top in split.unread if set(split.unread[top]) & lost.keys()]
        endings = ", ".join(f'"*{ending}"' if ending else '"NAME"' for ending in sorted(lost))
        yield (
            f"{where}: {counted(lost)} in {first_names(tops)} cannot be read as pictures: convert "
            f"them to PNG or JPEG, or write ignore: [{endings}] to do without them"
        )


def _nothing(split: Summary) -> str:
    """The reason why a split has no class."""
    if split.loose:
        return (
            f"{split.loose} pictures and no class folders: sort them into a folder for each class, "
            "named as those of the other split (of ImageNet as downloaded, with valprep.sh)"
        )
    if split.tars:
        return f"{split.tars} tar files and no class folders: unpack them, or pack one tar of all"
    return "neither class folders nor pictures; correct root or the split"


def _nested(split: Summary) -> str:
    """Message about images two folders deep: the outer or the inner folder may be the class."""
    top, below = next(iter(split.nested.items()))
    last = {os.path.basename(folder) for folders in split.nested.values() for folder in folders}
    only = f"; or set the split to {path_text(os.path.join(os.path.basename(split.place), top))}"
    return (
        f"pictures lie deeper than one folder, as in {path_text(os.path.join(top, below[0]))}. "
        f"Which is the class? Write class_folder: outer for {first_names(split.nested)}, or "
        f"class_folder: inner for {first_names(sorted(last))}"
        f"{only if len(split.nested) == 1 else ''}"
    )


def _empty(split: Summary, empty: Sequence[str]) -> str:
    """Message about class folders without a readable image, with the files they hold instead."""
    held = sum((Counter(split.unread.get(top, {})) for top in empty), Counter[str]())
    instead = f", but {counted(held)}, which cannot be read" if held else ""
    return (
        f"{first_names(empty)} {'has' if len(empty) == 1 else 'have'} no picture of "
        f"{'its' if len(empty) == 1 else 'their'} own{instead}; fill or remove the folder, or name "
        "it under ignore"
    )


def _kinds(
    split: Summary, chosen: Callable[[str], bool], without: Iterable[str] = ()
) -> Counter[str]:
    """Counts of unread files by extension, for the chosen extensions."""
    total = Counter[str]()
    for top, counts in split.unread.items():
        if top not in set(without):
            total.update({ending: n for ending, n in counts.items() if chosen(ending)})
    return total


# ---- two splits, and the classes ----


def _overlap(train: Summary, val: Summary) -> str:
    """Message about training and validation splits that share files; "" if they do not."""
    # Resolved, since one may be a link to the other.
    same = Path(train.place).resolve() == Path(val.place).resolve()
    shared = train.inside & val.inside or train.beside & val.inside or val.beside & train.inside
    if not same and not shared and not train.real & val.real:
        return ""
    return (
        f"{path_text(val.place)} and {path_text(train.place)} lead to the same files: the model "
        "would be evaluated on its training images; separate them"
    )


def _unlike(splits: Sequence[Summary]) -> Iterator[ImageProblem]:
    """Problems of classes that only one split has.

    Classes are numbered by the sorted names of their folders, so that one more folder shifts the
    numbers of all that follow, and the accuracy drops without an error.
    """
    first, last = splits[0], splits[-1]
    ours, theirs = set(first.counts), set(last.counts)
    only, other = numbered(ours - theirs), numbered(theirs - ours)
    if not only and not other:
        return
    alike = {_plain(name): name for name in other}
    pairs = [
        f"{path_text(a)} and {path_text(alike[_plain(a)])}" for a in only if _plain(a) in alike
    ]
    where = f"{path_text(first.place)} and {path_text(last.place)} have different classes"
    if pairs:
        yield ImageProblem(
            "val_split",
            f"{where}: {first_names(pairs)} differ in case, spaces or Unicode form; "
            "rename one of each",
        )
        return
    halves = ((only, first), (other, last))
    which = "; ".join(f"{first_names(n, 8)} only in {path_text(s.place)}" for n, s in halves if n)
    yield ImageProblem(
        "val_split",
        f"{where} ({which}), which would number them differently; "
        "add the missing folders, or give class_map",
    )


def _plain(name: str) -> str:
    # Some file systems of macOS store accents as characters of their own (NFD); NFKC joins them.
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _unmapped(
    data: Data, splits: Sequence[Summary], names: Mapping[str, int]
) -> Iterator[ImageProblem]:
    """Problems of a class map that misses folders while folders miss its classes: likely a typo.

    One of the two alone is accepted: folders that are left out, or classes without images here.
    """
    for split in splits:
        absent = [name for name in names if name not in split.counts]
        where = f"class_map {path_text(data.class_map or '')}"
        if not split.counts:
            yield ImageProblem(
                "class_map", f"{where} names no class folder of {path_text(split.place)}"
            )
        elif absent and split.unmapped:
            near = likely_name(absent[0], split.unmapped)
            hint = f'; did you mean "{path_text(near)}"?' if near else ""
            yield ImageProblem(
                "class_map",
                f"{where} names {first_names(absent)}, which {path_text(split.place)} has not, and "
                f"leaves out its folders {first_names(split.unmapped)}{hint}",
            )


def _counted(
    data: Data, split: Summary, names: Mapping[str, int], *, training: bool
) -> Iterator[ImageProblem]:
    """Problems of the number of classes, which a study file may also state."""
    count = len(names) or split.classes
    # A class map and arrays number the classes, of which some may have no image.
    has_numbers = bool(names) or data.name == "npz"
    if training and count == 1:
        yield ImageProblem(
            "root",
            f"{path_text(split.place)} has only one class, {first_names(split.counts)}: there is "
            "nothing to classify; correct root or the split",
        )
    elif data.num_classes and data.num_classes < count:
        yield ImageProblem(
            "num_classes",
            f"data {data.name} has {count} classes, which num_classes: {data.num_classes} "
            "excludes; correct it, or leave it out",
        )
    elif training and data.num_classes and data.num_classes > count and not has_numbers:
        yield ImageProblem(
            "num_classes",
            f"{path_text(split.place)} has {count} classes, and num_classes is "
            f"{data.num_classes}; correct it or root, or give class_map, which has the number of "
            "each class",
        )


KINDS = {"folder": _of_one, "csv": of_csv, "npz": of_arrays, "hf": of_tables}
"""Problems of one split, by the kind of data."""
