"""Removal of items: one function per kind. Each returns False if a worker has claimed the item."""

import os
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from study.clean.disk import DAY, real
from study.clean.groups import Item
from study.errors import StoreError
from study.store import job_folder, leases
from study.store.heartbeats import DEAD_SECONDS, Heartbeats


def removed(item: Item, remove: Callable[[Item], bool]) -> bool:
    """Removes an item by the function of its kind and returns its answer.

    Raises:
        StoreError: the store cannot be written.
    """
    try:
        return remove(item)
    except FileNotFoundError:  # another process removed it first
        return True
    except OSError as error:
        # A folder may be removed in part, so the error names what is left.
        left = f" (left: {error.filename})" if error.filename else ""
        raise StoreError(f"{item.path} cannot be removed: {error.strerror}{left}") from error


def trial(item: Item) -> bool:
    """Claims a trial's folder, renames it, then deletes it."""
    folder = item.path
    # The form of groups.PARTIAL, by which a later `clean` finishes an interrupted removal.
    aside = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}")
    lease = leases.claim(folder, _heartbeats(folder))
    if lease is None:
        return False
    with lease:
        os.rename(folder, aside)  # at once, so that no reader sees half a trial
    if errors := erased(aside):
        raise errors[0]
    return True


def checkpoint(item: Item) -> bool:
    """Deletes a checkpoint while holding its trial's lease."""
    folder = item.path.parent
    lease = leases.claim(folder, _heartbeats(folder))
    if lease is None:
        return False
    with lease:
        item.path.unlink()
    return True


def _heartbeats(folder: Path) -> Heartbeats:
    """Heartbeats in which a holder that has been silent for a day counts as dead at once."""
    heartbeats = Heartbeats()
    path = folder / f"lease.{leases.latest(folder)[0]}"
    with suppress(FileNotFoundError):
        stamp = path.stat().st_mtime_ns
        if heartbeats.age(path, stamp) >= DAY:
            # As if this process had watched the silence: the one look of `claim` shows none.
            heartbeats.last_changes[path] = stamp, heartbeats.clock() - DEAD_SECONDS
    return heartbeats


def plain(item: Item) -> bool:
    """Deletes a file or a folder, its job file first: a partly deleted folder is no job."""
    if not real(item.path):
        item.path.unlink()
        return True
    # False sorts before True: the job file comes first.
    inside = sorted(item.path.iterdir(), key=lambda entry: entry.name != job_folder.SETTINGS)
    removable = (entry for entry in inside if entry.name not in item.keep)
    errors = [error for entry in removable for error in erased(entry)]
    if errors:
        raise errors[0]
    if not item.keep:
        item.path.rmdir()
    return True


def erased(path: Path) -> list[OSError]:
    """Deletes a file, or as much of a folder of any depth as possible. Returns the errors.

    Inner folders are moved to the top first: a path of more than 4,096 bytes cannot be used.
    """
    errors, left = list[OSError](), [path]
    while left:
        here = left.pop()
        try:
            inside = list(here.iterdir()) if real(here) else []
        except OSError as error:
            errors.append(error)
            continue
        for entry in inside:
            # A name at the top keeps every path short, however deep the folder was.
            target = path / f".{uuid.uuid4().hex}"
            if not real(entry):
                errors += _errors(entry.unlink)
            elif here == path:
                left.append(entry)
            elif failed := _errors(partial(entry.rename, target)):
                errors += failed
            else:
                left.append(target)
        if here != path:
            errors += _errors(here.rmdir)
    return errors + _errors(path.rmdir if real(path) else path.unlink)


def _errors(action: Callable[[], object]) -> list[OSError]:
    try:
        action()
    except FileNotFoundError:  # another process removed it first
        return []
    except OSError as error:
        return [error]
    return []
