"""What lies in a store: its folders, sizes and ages. No link is followed."""

import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from study.store import Store

DAY, WEEK = 86_400.0, 7 * 86_400.0  # seconds


def folders(store: Store, shelf: str) -> list[Path]:
    """The folders of a shelf; nothing that is a link, or hidden."""
    place = store.root / shelf
    found = sorted(place.iterdir()) if real(place) else []
    return [path for path in found if real(path) and not path.name.startswith(".")]


def real(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def size(path: Path, without: Iterable[str] = ()) -> int:
    """Bytes of a file, or of all that is in a folder; links are not followed."""
    with suppress(FileNotFoundError):  # gone meanwhile
        if not real(path):
            return path.lstat().st_size
        return sum(size(one) for one in path.iterdir() if one.name not in without)
    return 0


def age(path: Path) -> float:
    """Seconds since a file, or anything right in a folder, was written."""
    inside = [*path.iterdir()] if real(path) else []
    return time.time() - max(map(_written, (path, *inside)))


def _written(path: Path) -> float:
    with suppress(FileNotFoundError):
        return path.lstat().st_mtime
    return 0.0


def lacks(file: Path) -> bool:
    """Whether it is certain that there is no such file: another user's folder may not say."""
    try:
        file.lstat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False
