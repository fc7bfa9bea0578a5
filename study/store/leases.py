"""Leases: which worker owns a trial, so that no two workers run the same one.

A lease is a numbered file that is created exclusively, which is atomic on NFS too. The highest
number holds. Its owner touches it as a heartbeat. When the heartbeat stops, another worker takes
over by creating the next number. It never deletes or renames the old lease: between the check and
the removal, its owner may have come back. So the leases of dead workers stay below the one that
holds, until the trial has a result.

A worker is dead when its time stamp stops changing, as seen over time by the steady clock of the
process that watches it. Clocks of different machines are never compared, since they may differ by
more than the limit.
"""

import json
import os
import re
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from study.errors import DamagedError
from study.store import atomic, processes

HEARTBEAT_SECONDS = 5.0  # seconds between heartbeats
# A process that has just begun to watch would wait a whole minute for each dead worker, so that a
# short silence is enough if by the file server's clock the last heartbeat is old as well.
DEAD_SECONDS = 60.0  # seconds of silence; a process of this machine is looked up at once
QUIET_SECONDS = 3 * HEARTBEAT_SECONDS  # seconds of silence, if the file server's clock says DEAD


@dataclass(frozen=True)
class Holder:
    """The process that owns a lease.

    Its start time distinguishes it from a later process with the same number. The fields are the
    keys of the stored lease.
    """

    host: str
    pid: int
    born: str
    space: str = ""
    """The boot of a machine, and the container on it, in which `pid` is this process."""
    job: str = ""
    """The Slurm job that the process is part of, if any."""
    work: str = ""
    """The job folder of the store for which the process works, if known."""

    @property
    def local(self) -> bool:
        """True if the process number can be looked up on this machine."""
        return (self.host, self.space) == (socket.gethostname(), processes.namespace())

    @property
    def gone(self) -> bool:
        """True if the process is known to be dead, which needs a process of this machine."""
        return self.local and not (self.born and processes.start_time(self.pid) == self.born)

    @property
    def where(self) -> str:
        """The place of the process, for messages."""
        return f"slurm {self.job}" if self.job else f"{self.host}:{self.pid}"


def here() -> Holder:
    """This process."""
    return process(os.getpid())


def process(pid: int) -> Holder:
    """A process of this machine."""
    started, space = processes.start_time(pid), processes.namespace()
    return Holder(socket.gethostname(), pid, started, space, slurm_job())


def slurm_job() -> str:
    """The Slurm job of this process, as squeue writes it: 123, or 123_4 of an array."""
    array, task = (os.environ.get(f"SLURM_ARRAY_{name}_ID") for name in ("JOB", "TASK"))
    return f"{array}_{task}" if array else os.environ.get("SLURM_JOB_ID", "")


def write_holder(path: Path) -> None:
    """Write this process to a file, by which others can look up if it is alive."""
    path.write_text(json.dumps(vars(here())))


def read_holder(path: Path) -> Holder | None:
    """The process that a file names; None if it cannot be read."""
    try:
        return _holder(atomic.content(path))
    except (OSError, DamagedError):
        return None


class Heartbeats:
    """The heartbeats that one process has seen, and when each changed last by its own clock."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.last_changes: dict[Path, tuple[int, float]] = {}
        self.server_offset: tuple[float, float] = (0.0, -HEARTBEAT_SECONDS)  # due at its first use

    def stopped(self, path: Path, beat: int) -> bool:
        """True if the heartbeat has not changed for too long; `beat` is its time stamp in ns."""
        last, since = self.last_changes.get(path, (None, 0.0))
        if last != beat:
            since = self.clock()  # a new heartbeat
            self.last_changes[path] = (beat, since)
        silent = self.clock() - since
        return silent >= DEAD_SECONDS or (
            silent >= QUIET_SECONDS and self.age(path, beat) >= DEAD_SECONDS
        )

    def age(self, path: Path, beat: int) -> float:
        """Seconds since a heartbeat by the file server's clock, which stamps all of them."""
        ahead, measured = self.server_offset
        if (
            self.clock() - measured >= HEARTBEAT_SECONDS
        ):  # asking writes a file, so not for every lease
            ahead = _now(path.parent) - self.clock()
            self.server_offset = ahead, self.clock()
        return self.clock() + ahead - beat / 1e9


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
            json.dump({**vars(here()), "work": work}, file)
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
            owner, beat = _holder(file.read()), os.fstat(file.fileno()).st_mtime_ns
    except (OSError, DamagedError):
        return None  # released meanwhile, or no lease
    if owner is not None and owner.gone:
        return None
    dead = (
        Heartbeats().age(path, beat) >= DEAD_SECONDS
        if heartbeats is None
        else heartbeats.stopped(path, beat)
    )
    return None if dead else owner or UNKNOWN


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


UNKNOWN = Holder("unknown", 0, "")
"""The owner of a lease whose content is still being written, or was cut short."""


def latest(folder: Path) -> tuple[int, Holder | None]:
    """The highest number of a lease, and the process that created it; 0 and None if there is none.

    The process may be dead.
    """
    number = (_numbers(folder) or [0])[-1]
    return number, read_holder(folder / f"lease.{number}")


def remove_all(folder: Path) -> None:
    """Remove all leases of a folder, once its trial has a result and no worker needs one."""
    for number in _numbers(folder):
        with suppress(OSError):
            (folder / f"lease.{number}").unlink(missing_ok=True)


def _holder(content: bytes) -> Holder | None:
    """The process in a file's content; None if it cannot be read, or is not complete yet."""
    keys = ("host", "pid", "born", "space", "job", "work")
    try:
        # Earlier versions did not write the last three keys.
        record: dict[str, Any] = {"space": "", "job": "", "work": "", **atomic.record(content)}
        host, pid, born, *more = (record[key] for key in keys)
    except (DamagedError, KeyError):
        return None
    texts = all(isinstance(text, str) for text in (host, born, *more))
    return Holder(host, pid, born, *more) if texts and processes.is_pid(pid) else None


def _now(folder: Path) -> float:
    """The file server's time, by the clock that stamps the leases."""
    probe = folder / f".clock-{socket.gethostname()}-{os.getpid()}-{threading.get_ident()}"
    try:
        probe.touch()
        now = probe.stat().st_mtime
        probe.unlink(missing_ok=True)
    except OSError:  # a read-only folder; this machine's clock is the best that is left
        return time.time()
    return now


def _number(path: Path) -> int:
    return int(path.name.removeprefix("lease."))


def _numbers(folder: Path) -> list[int]:
    """The numbers of all leases in a folder, in ascending order."""
    endings = (path.name.removeprefix("lease.") for path in folder.glob("lease.*"))
    return sorted(int(number) for number in endings if LEASE_NUMBER.fullmatch(number))


LEASE_NUMBER = re.compile("[0-9]{1,18}")
"""The ending of a lease's name; temporary files and foreign ones do not match."""
