"""Locations of a study's images on this machine: root, splits, class map."""

import os
from collections.abc import Iterator
from pathlib import Path

from study.data.kinds import listed, shown
from study.errors import DataError, meant, unknown
from study.schema import Data
from study.schema.data import SMALL

# timm's synonyms. For any other word its torch/ data sets silently give the test set.
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
    if not root.exists() and not data.download:
        above = next(folder for folder in root.absolute().parents if folder.is_dir())
        there = listed(sorted(os.listdir(above))) or "nothing"
        raise DataError(
            f"data.root {shown(root)} does not exist: {shown(above)} has {there}; correct it, or "
            "mount or make the folder"
        )
    return root


def expanded(path: str) -> Path:
    """A path with environment variables and "~" expanded.

    Raises:
        DataError: a variable is not set.
    """
    whole = Path(os.path.expandvars(path)).expanduser()
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
        there = listed(sorted(os.listdir(root)), 12) if root.is_dir() else "one file"
        raise DataError(
            f'{shown(root)} has no split "{split}": looked for '
            f"{', '.join(dict.fromkeys(path.name for path in candidates))}; there is "
            f"{there or 'nothing'}.",
            step="rename the folder or tar, or name it in the split",
        )
    return place


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


def class_map(data: Data) -> dict[str, int]:
    """Numbers by class name, from a text file with one name per line or a pickled mapping.

    Empty if the study has no class map. A relative path is first looked for below root.

    Raises:
        DataError: the file is absent, or does not map names to numbers from 0 on.
    """
    if data.class_map is None:
        return {}
    root = root_of(data)
    candidates = (root / data.class_map, expanded(data.class_map))
    path = next((place for place in candidates if place.is_file()), None)
    if path is None:
        there = os.listdir(root) if root.is_dir() else []
        near = meant(data.class_map, there)
        hint = f'; did you mean "{near}"?' if near else ""
        raise DataError(
            f"class_map: no file {shown(candidates[0])} or {shown(candidates[1])}{hint}"
        )
    return _pickled(path) if path.suffix.lower() == ".pkl" else _lines(path)


def _lines(path: Path) -> dict[str, int]:
    try:
        lines = path.read_text("utf-8-sig").rstrip("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"class_map {shown(path)} cannot be read: {error}") from error
    names = [line.strip() for line in lines]
    twice = (
        sorted({name for name in names if names.count(name) > 1})
        if len(set(names)) < len(names)
        else []
    )
    if twice or "" in names:
        which = f"names {listed(twice)} twice" if any(twice) else "has an empty line"
        raise DataError(
            f"class_map {shown(path)} {which}: write one class per line, in the order of numbers"
        )
    return {name: number for number, name in enumerate(names)}


def _pickled(path: Path) -> dict[str, int]:
    from timm.data.readers.class_map import load_class_map

    try:
        names = load_class_map(str(path))
    except Exception as error:  # unpickling raises any type
        raise DataError(f"class_map {shown(path)} cannot be read: {error}") from error
    right = all(isinstance(k, str) and type(v) is int for k, v in names.items())
    if not names or not right or not set(names.values()) <= set(range(len(names))):
        raise DataError(f"class_map {shown(path)} must map class names to numbers from 0 on")
    return dict(names)
