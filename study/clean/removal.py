"""How things go: one function a kind; false where somebody is at work on it by now."""

import os
import shutil
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from study import leases
from study.clean.disk import DAY, real
from study.clean.groups import Item
from study.errors import StoreError


def removed(item: Item, how: Callable[[Item], bool]) -> bool:
    """Whether an item was removed: somebody may be at work on it by now.

    Raises:
        StoreError: the store cannot be written.
    """
    try:
        return how(item)
    except FileNotFoundError:  # another was quicker
        return True
    except OSError as error:
        raise StoreError(f"{item.path} cannot be removed: {error.strerror}") from error


def trial(item: Item) -> bool:
    folder = item.path
    aside = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}")
    lease = leases.claim(folder, _patient(folder))
    if lease is None:
        return False
    with lease:
        os.rename(folder, aside)
    shutil.rmtree(aside)
    return True


def checkpoint(item: Item) -> bool:
    folder = item.path.parent
    lease = leases.claim(folder, _patient(folder))
    if lease is None:
        return False
    with lease:
        item.path.unlink()
    return True


def _patient(folder: Path) -> leases.Hearts:
    """Hearts that have listened already to whoever has been silent for a day."""
    hearts = leases.Hearts()
    path = folder / f"lease.{leases.top(folder)[0]}"
    with suppress(FileNotFoundError):
        beat = path.stat().st_mtime_ns
        if hearts.age(path, beat) >= DAY:
            hearts.heard[path] = beat, hearts.clock() - leases.DEAD
    return hearts


def plain(item: Item) -> bool:
    """A file; or a folder, the order first, so that half a folder is no job."""
    if not real(item.path):
        item.path.unlink()
        return True
    inside = sorted(item.path.iterdir(), key=lambda one: one.name != "job.json")
    for one in (one for one in inside if one.name not in item.keep):
        shutil.rmtree(one) if real(one) else one.unlink()
    if not item.keep:
        item.path.rmdir()
    return True
