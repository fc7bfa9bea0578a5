"""Folders of a store, their sizes and ages. Links are not followed."""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from study.errors import StoreError
from study.store.store import Store

DAY, WEEK = 86_400.0, 7 * 86_400.0  # seconds


def folders(store: Store, kind: str) -> list[Path]:
    """The folders in one of the store's folders, such as "trials"; no links, no hidden ones.

    Raises:
        StoreError: the folder cannot be listed, so that nothing is known about its contents.
    """
    parent = store.root / kind
    try:
        paths = sorted(parent.iterdir()) if real(parent) else []
    except OSError as error:
        raise StoreError(f"{parent} cannot be listed: {error.strerror}") from error
    return [path for path in paths if real(path) and not path.name.startswith(".")]


def real(path: Path) -> bool:
    """The path is a folder and no link."""
    return os.path.isdir(path) and not os.path.islink(path)


def size(path: Path, without: Iterable[str] = ()) -> int:
    """Bytes of a file, or of all readable files in a folder; links are not followed."""
    if not real(path):
        return _size(path)
    # A stack instead of recursion: folders may be deeper than Python's limit.
    total, left = 0, [entry for entry in listed(path) if entry.name not in without]
    while left:
        entry = left.pop()
        if real(entry):
            left += listed(entry)
        else:
            total += _size(entry)
    return total


def listed(folder: Path) -> list[Path]:
    """The sorted contents of a folder; empty if it cannot be read."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def age(path: Path) -> float:
    """Seconds since a file, or a direct child of a folder, was last written."""
    inside = listed(path) if real(path) else []
    # The time of a folder changes only with its entries, so those are looked at, too.
    # A path that is gone by now counts as old, and its removal finds nothing.
    return time.time() - max((stat.st_mtime for stat in _stats(path, *inside)), default=0.0)


def _size(path: Path) -> int:
    return sum(stat.st_size for stat in _stats(path))


def _stats(*paths: Path) -> Iterator[os.stat_result]:
    """Status of the paths that still exist and can be read."""
    for path in paths:
        with suppress(OSError):
            yield path.lstat()


def lacks(file: Path) -> bool:
    """The file certainly does not exist; false if another user's folder cannot be read."""
    try:
        file.lstat()
    # Only this error proves the absence; no permission or a lost server prove nothing.
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False
