"""Leases: which worker owns a trial, so that no two workers run the same one.

A lease is a numbered file that is created exclusively, which is atomic on NFS too. The highest
number holds. Its owner touches it as a heartbeat. When the heartbeat stops, another worker takes
over by creating the next number. It never deletes or renames the old lease: between the check and
the removal, its owner may have come back. So the leases of dead workers stay below the one that
holds, until the trial has a result.
"""

import json
import os
import re
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from study.errors import DamagedError
from study.store import atomic, holders
from study.store.heartbeats import DEAD_SECONDS, HEARTBEAT_SECONDS, Heartbeats
from study.store.holders import Holder


class Lease:
    """The right to work in a folder, which a thread keeps alive until `release`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stop = threading.Event()
        self._heartbeat = threading.Thread(target=self._beat, daemon=True, name="heartbeat")
        self._heartbeat.start()

    def __enter__(self) -> "Lease":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.release()

    @property
    def number(self) -> int:
        """The number of the lease; no two that were held at the same time have the same."""
        return _number(self.path)

    @property
    def held(self) -> bool:
        """True if no other worker has taken over while this process stalled."""
        try:
            os.utime(self.path)  # reaches the file server; a look-up may come from NFS's cache
        except OSError:
            return False
        return _numbers(self.path.parent)[-1:] == [self.number]  # a successor has a higher one

    def release(self) -> None:
        self._stop.set()
        self._heartbeat.join()
        with suppress(OSError):  # a store that has become read-only, for example
            self.path.unlink(missing_ok=True)

    def _beat(self) -> None:
        while not self._stop.wait(HEARTBEAT_SECONDS):
            try:
                os.utime(self.path)
            except FileNotFoundError:
                return  # the folder was removed, and `held` is False
            except OSError:
                continue  # a file server that does not answer now may answer later


def claim(folder: Path, heartbeats: Heartbeats | None = None, work: str = "") -> Lease | None:
    """A lease on `folder`; None while another process that is not known to be dead holds one.

    `work` is the name of the job folder for which it works.

    Raises:
        OSError: no lease can be created there.
    """
    numbers = _numbers(folder)
    if numbers and holder(folder, heartbeats or Heartbeats()):
        return None
    path = folder / f"lease.{numbers[-1] + 1 if numbers else 1}"  # only one process can create it
    try:
        with path.open("x") as file:
            json.dump({**vars(holders.here()), "work": work}, file)
    except FileExistsError:
        return None
    except OSError:  # on a full disk a file can be created, and not written
        path.unlink(missing_ok=True)
        raise
    lease = Lease(path)
    if not lease.held:  # another process was quicker with a higher number
        lease.release()
        return None
    return lease


def holder(folder: Path, heartbeats: Heartbeats | None = None) -> Holder | None:
    """The process that works in `folder`; None if there is none, or its heartbeat has stopped.

    Without `heartbeats` the file server's clock decides in a single look. That is enough for
    display, and not for taking over a lease.
    """
    numbers = _numbers(folder)
    if not numbers:
        return None
    path = folder / f"lease.{numbers[-1]}"
    try:
        # NFS checks a file with its server when it is opened, so that the time stamp is new.
        with atomic.open_regular(path) as file:
            owner, beat = holders.decoded(file.read()), os.fstat(file.fileno()).st_mtime_ns
    except (OSError, DamagedError):
        return None  # released meanwhile, or no lease
    if owner is not None and owner.gone:
        return None
    dead = (
        Heartbeats().age(path, beat) >= DEAD_SECONDS
        if heartbeats is None
        else heartbeats.stopped(path, beat)
    )
    return None if dead else owner or holders.UNKNOWN


def is_late(folder: Path, heartbeats: Heartbeats) -> bool:
    """True if the worker in `folder` counts as alive, but its last heartbeat is late."""
    numbers = _numbers(folder)
    if not numbers or holder(folder, heartbeats) is None:
        return False
    path = folder / f"lease.{numbers[-1]}"
    try:
        return heartbeats.age(path, path.stat().st_mtime_ns) >= 2 * HEARTBEAT_SECONDS
    except OSError:
        return False


def latest(folder: Path) -> tuple[int, Holder | None]:
    """The highest number of a lease, and the process that created it; 0 and None if there is none.

    The process may be dead.
    """
    number = (_numbers(folder) or [0])[-1]
    return number, holders.read(folder / f"lease.{number}")


def remove_all(folder: Path) -> None:
    """Remove all leases of a folder, once its trial has a result and no worker needs one."""
    for number in _numbers(folder):
        with suppress(OSError):
            (folder / f"lease.{number}").unlink(missing_ok=True)


def _number(path: Path) -> int:
    return int(path.name.removeprefix("lease."))


def _numbers(folder: Path) -> list[int]:
    """The numbers of all leases in a folder, in ascending order."""
    endings = (path.name.removeprefix("lease.") for path in folder.glob("lease.*"))
    return sorted(int(number) for number in endings if LEASE_NUMBER.fullmatch(number))


LEASE_NUMBER = re.compile("[0-9]{1,18}")
"""The ending of a lease's name; temporary files and foreign ones do not match."""
