"""How things go: one function a kind; false where somebody is at work on it by now."""

import os
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import partial
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
        left = f" (left: {error.filename})" if error.filename else ""
        raise StoreError(f"{item.path} cannot be removed: {error.strerror}{left}") from error


def trial(item: Item) -> bool:
    folder = item.path
    aside = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}")
    lease = leases.claim(folder, _patient(folder))
    if lease is None:
        return False
    with lease:
        os.rename(folder, aside)
    if wrong := erased(aside):
        raise wrong[0]
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
    wrong = [error for one in inside if one.name not in item.keep for error in erased(one)]
    if wrong:
        raise wrong[0]
    if not item.keep:
        item.path.rmdir()
    return True


def erased(path: Path) -> list[OSError]:
    """Remove a file, or a folder of any depth; as much as can be. Returns what went wrong.

    A folder in a folder is moved to the top first: a path of more than 4,096 bytes cannot be used.
    """
    wrong, left = list[OSError](), [path]
    while left:
        here = left.pop()
        try:
            inside = list(here.iterdir()) if real(here) else []
        except OSError as error:
            wrong.append(error)
            continue
        for one in inside:
            target = path / f".{uuid.uuid4().hex}"
            if not real(one):
                wrong += _tried(one.unlink)
            elif here == path:
                left.append(one)
            elif failed := _tried(partial(one.rename, target)):
                wrong += failed
            else:
                left.append(target)
        if here != path:
            wrong += _tried(here.rmdir)
    return wrong + _tried(path.rmdir if real(path) else path.unlink)


def _tried(action: Callable[[], object]) -> list[OSError]:
    try:
        action()
    except FileNotFoundError:  # another was quicker
        return []
    except OSError as error:
        return [error]
    return []
