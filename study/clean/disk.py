"""What lies in a store: its folders, sizes and ages. No link is followed."""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from study.errors import StoreError
from study.store import Store

DAY, WEEK = 86_400.0, 7 * 86_400.0  # seconds


def folders(store: Store, shelf: str) -> list[Path]:
    """The folders of a shelf; nothing that is a link, or hidden.

    Raises:
        StoreError: what is there cannot be listed, so that nothing is known of it.
    """
    place = store.root / shelf
    try:
        found = sorted(place.iterdir()) if real(place) else []
    except OSError as error:
        raise StoreError(f"{place} cannot be listed: {error.strerror}") from error
    return [path for path in found if real(path) and not path.name.startswith(".")]


def real(path: Path) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)


def size(path: Path, without: Iterable[str] = ()) -> int:
    """Bytes of a file, or of all in a folder that can be looked at; links are not followed."""
    if not real(path):
        return _size(path)
    total, left = 0, [one for one in listed(path) if one.name not in without]
    while left:
        one = left.pop()
        if real(one):
            left += listed(one)
        else:
            total += _size(one)
    return total


def listed(folder: Path) -> list[Path]:
    """What is in a folder, as far as that can be known."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def age(path: Path) -> float:
    """Seconds since a file, or anything right in a folder, was written."""
    inside = listed(path) if real(path) else []
    return time.time() - max((seen.st_mtime for seen in _seen(path, *inside)), default=0.0)


def _size(path: Path) -> int:
    return sum(seen.st_size for seen in _seen(path))


def _seen(*paths: Path) -> Iterator[os.stat_result]:
    """Of those that are there still, and can be looked at."""
    for path in paths:
        with suppress(OSError):
            yield path.lstat()


def lacks(file: Path) -> bool:
    """Whether it is certain that there is no such file: another user's folder may not say."""
    try:
        file.lstat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False
