"""Arrays of images in an .npz file, or in a folder of .npy files."""

from __future__ import annotations  # a plan of other images starts without numpy

import hashlib
import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING

from study.errors import DataError
from study.text import path_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NAMES = {"train": ("x_train", "y_train"), "validation": ("x_val", "y_val")}
WHOLE = ("x", "y")  # where the split is drawn
DAMAGED = (EOFError, OSError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error)
BYTES = 2**20  # read at a time


def names(half: str, share: float | None) -> tuple[str, str]:
    """The arrays of a split: images and labels."""
    return NAMES[half] if share is None else WHOLE


def loaded(place: Path, name: str) -> NDArray[np.generic]:
    """An array by its name.

    Raises:
        DataError: it is absent, damaged, or has Python objects.
    """
    from numpy.lib import format

    with _opened(place, name) as file:
        # Python objects are pickled, and reading a pickle could run code.
        array: NDArray[np.generic] = format.read_array(file, allow_pickle=False)
    return array


def header(place: Path, name: str) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    """Shape and type of an array, without reading its values; raises as `loaded` does."""
    from numpy.lib import format

    with _opened(place, name) as file:
        version = format.read_magic(file)
        read = format.read_array_header_1_0
        # Version 3.0 differs from 2.0 in the names of fields alone, which images do not have.
        if version != (1, 0):
            read = format.read_array_header_2_0
        shape, _, kind = read(file)
    return shape, kind


def digest(place: Path, names_: tuple[str, ...]) -> str:
    """Digest of the bytes of arrays, which compression leaves alone."""
    return _digest(place, names_, tuple(_stamp(path) for path in _files(place, names_)))


# `stamps` only makes the cache notice a file that has changed.
@lru_cache(maxsize=64)
def _digest(place: Path, names_: tuple[str, ...], stamps: tuple[object, ...]) -> str:
    whole = hashlib.sha256()
    for name in names_:
        with _opened(place, name) as file:
            while piece := file.read(BYTES):
                whole.update(piece)
    return whole.hexdigest()[:16]  # 64 bits


def _files(place: Path, names_: tuple[str, ...]) -> list[Path]:
    return [place / f"{name}.npy" for name in names_] if place.is_dir() else [place]


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        status = os.stat(path)
    except OSError:  # `_opened` reports it
        return ()
    # ctime as well, since a copy may keep the mtime of its source.
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


@contextmanager
def _opened(place: Path, name: str) -> Iterator[IO[bytes]]:
    """The bytes of one array; all errors of numpy and zipfile become DataErrors."""
    where = path_text(place)
    try:
        if place.is_dir():
            with (place / f"{name}.npy").open("rb") as file:
                yield file
        else:
            with zipfile.ZipFile(place) as archive, archive.open(f"{name}.npy") as member:
                yield member
    # Before DAMAGED, which includes OSError. zipfile raises KeyError for an absent member.
    except (FileNotFoundError, KeyError) as error:
        there = ", ".join(_present(place)) or "none"
        raise DataError(
            f"{where} has no array {name}, only {there}; save it with x_train, y_train, x_val and "
            "y_val, or with x and y for split: 0.2"
        ) from error
    except DAMAGED as error:
        raise DataError(f"{where}, array {name}: {error}; save it anew with numpy") from error


def _present(place: Path) -> list[str]:
    """The names of the arrays of a place."""
    if place.is_dir():
        return sorted(path.stem for path in place.glob("*.npy"))
    with zipfile.ZipFile(place) as archive:
        return sorted(name.removesuffix(".npy") for name in archive.namelist())
