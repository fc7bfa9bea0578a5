"""Locations of a study's images on this machine: its root and its splits."""

import os
from collections.abc import Iterator
from pathlib import Path

from study.errors import DataError, likely_name, unknown
from study.tasks.classification.data.file_types import first_names
from study.tasks.classification.schema import Data
from study.tasks.classification.schema.data import SMALL
from study.text import path_text

# timm's synonyms. For any other word timm's torch/ data sets silently read the test set.
TRAIN = ("train", "training")
VAL = ("validation", "val", "valid", "eval", "evaluation")


def root_of(data: Data) -> Path:
    """The folder or tar that holds the images.

    Raises:
        DataError: the study names none, or it does not exist and `download` is false.
    """
    if data.root is None:
        raise DataError(f"data {data.name} needs root: the folder its images are in")
    root = expanded(data.root)
    # A download makes the folder.
    if not root.exists() and not data.download:
        above = next(folder for folder in root.absolute().parents if folder.is_dir())
        there = first_names(sorted(os.listdir(above))) or "nothing"
        raise DataError(
            f"data.root {path_text(root)} does not exist: {path_text(above)} has {there}; correct "
            "it, or mount or make the folder"
        )
    return root


def expanded(path: str) -> Path:
    """A path with environment variables and "~" expanded.

    Raises:
        DataError: a variable is not set.
    """
    whole = Path(os.path.expandvars(path)).expanduser()
    # expandvars leaves an unset variable as it is, and a download would make a folder "$DATA".
    if "$" in str(whole):
        raise DataError(f"data.root {path}: that environment variable is not set; export it")
    return whole


def place_of(root: Path, split: str) -> Path:
    """The folder or tar of a split, under its name or a synonym; raises DataError if absent.

    timm would silently read all of `root` instead.
    """
    words = next((words for words in (TRAIN, VAL) if split in words), ())
    candidates = [root / f"{word}{end}" for word in (split, *words) for end in ("", ".tar")]
    place = next((place for place in candidates if place.exists()), None)
    if place is None:
        there = first_names(sorted(os.listdir(root)), 12) if root.is_dir() else "one file"
        raise DataError(
            f'{path_text(root)} has no split "{split}": looked for '
            f"{', '.join(dict.fromkeys(path.name for path in candidates))}; there is "
            f"{there or 'nothing'}.",
            step="rename the folder or tar, name it in the split, or write split: 0.2 to draw a "
            "fifth of each class folder for validation",
        )
    return place


def file_below(data: Data, key: str, name: str) -> Path:
    """A file that a key of the data names: below root, or else as the path stands.

    Raises:
        DataError: there is none.
    """
    root = root_of(data)
    candidates = (root / name, expanded(name))
    path = next((place for place in candidates if place.is_file()), None)
    if path is None:
        there = os.listdir(root) if root.is_dir() else []
        near = likely_name(name, there)
        hint = f'; did you mean "{near}"?' if near else ""
        raise DataError(
            f"{key}: no file {path_text(candidates[0])} or {path_text(candidates[1])}{hint}"
        )
    return path


def unread_splits(data: Data, root: Path) -> Iterator[tuple[str, str]]:
    """Yield (key, message) for splits of a torch/ or wds/ data set that timm cannot find.

    For an unknown word timm silently gives the test set.
    """
    kind, _, name = data.name.partition("/")
    has_info = any(root.glob("*info.json")) or any(root.glob("*info.y*ml"))
    for key, words in (("train_split", TRAIN), ("val_split", (*VAL, "test"))):
        split = getattr(data, key)
        if kind == "torch" and name.lower() in SMALL and split not in words:
            yield key, f"data {data.name}: {unknown('split', split, words)}"
        elif kind == "wds" and not has_info and "|" not in split:
            yield key, f'data {data.name}: how many images? Write the split as "{split}|NUMBER"'


def evaluated_split(root: str) -> str:
    """The default split to evaluate: "validation" if `root` has splits, else "." for all of it."""
    place, words = expanded(root), (*TRAIN, *VAL)
    named = any((place / f"{word}{end}").exists() for word in words for end in ("", ".tar"))
    return "validation" if named else "."
