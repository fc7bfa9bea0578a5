"""Class maps: files that give the number of each class by its name."""

from pathlib import Path

from study.errors import DataError
from study.tasks.classification.data.file_types import first_names
from study.tasks.classification.data.locations import file_below
from study.tasks.classification.schema import Data
from study.text import path_text


def class_map(data: Data) -> dict[str, int]:
    """Numbers by class name, from a text file with one name per line or a pickled mapping.

    Empty if the study has no class map. A relative path is first looked for below root.

    Raises:
        DataError: the file is absent, or does not map names to numbers from 0 on.
    """
    if data.class_map is None:
        return {}
    path = file_below(data, "class_map", data.class_map)
    return _pickled(path) if path.suffix.lower() == ".pkl" else _lines(path)


def _lines(path: Path) -> dict[str, int]:
    try:
        # utf-8-sig drops the mark with which Windows editors begin a file, else a part of a name.
        lines = path.read_text("utf-8-sig").rstrip("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"class_map {path_text(path)} cannot be read: {error}") from error
    names = [line.strip() for line in lines]
    twice = (
        sorted({name for name in names if names.count(name) > 1})
        if len(set(names)) < len(names)
        else []
    )
    if twice or "" in names:
        which = f"names {first_names(twice)} twice" if any(twice) else "has an empty line"
        raise DataError(
            f"class_map {path_text(path)} {which}: write one class per line, in the order of their "
            "numbers"
        )
    return {name: number for number, name in enumerate(names)}


def _pickled(path: Path) -> dict[str, int]:
    from timm.data.readers.class_map import load_class_map  # imports torch

    try:
        names = load_class_map(str(path))
    except Exception as error:  # unpickling raises any type
        raise DataError(f"class_map {path_text(path)} cannot be read: {error}") from error
    # isinstance would take True for the number of a class, since bool is an int.
    right = all(isinstance(k, str) and type(v) is int for k, v in names.items())
    if not names or not right or not set(names.values()) <= set(range(len(names))):
        raise DataError(f"class_map {path_text(path)} must map class names to numbers from 0 on")
    return dict(names)
