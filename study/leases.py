"""Leases: who works on a trial, so that no two do.

A lease is a numbered file, made by exclusive creation, which is atomic on NFS too. The highest
number holds. Its holder's heart beats by touching it; a lease whose heart has stopped is taken over
by making the next number, never by deleting or renaming one that may have come to life. So the
leases of the dead lie below the one that holds, until the trial has a result.

Whether a heart has stopped is heard, not calculated: each process watches for changes by its own
steady clock. What time it is on a node, or on the file server, does not matter.
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
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

from study import files
from study.errors import DamagedError

BEAT = 5.0  # seconds between heartbeats
DEAD = 60.0  # seconds of silence; a process of this machine is looked up at once
QUIET = 3 * BEAT  # seconds of silence, where the file server's clock also says DEAD


@dataclass(frozen=True)
class Holder:
    """The process behind a lease, told apart from a later one of the same number by its start."""

    host: str
    pid: int
    born: str
    space: str = ""
    """Within which `pid` means this process: a boot of a machine, and a container on it."""
    job: str = ""
    """The Slurm job that it is part of, where there is one."""
    work: str = ""
    """The job folder of the store that says what it works on, where that is known."""

    @property
    def local(self) -> bool:
        return (self.host, self.space) == (socket.gethostname(), _space())

    @property
    def gone(self) -> bool:
        """Known to be dead: only of processes of this machine."""
        return self.local and not (self.born and _born(self.pid) == self.born)

    @property
    def where(self) -> str:
        return f"slurm {self.job}" if self.job else f"{self.host}:{self.pid}"


def here() -> Holder:
    """This process."""
    return process(os.getpid())


def process(pid: int) -> Holder:
    """A process of this machine."""
    return Holder(socket.gethostname(), pid, _born(pid), _space(), slurm_job())


def slurm_job() -> str:
    """The Slurm job that this is part of, as squeue writes it: 123, or 123_4 of an array."""
    array, task = (os.environ.get(f"SLURM_ARRAY_{name}_ID") for name in ("JOB", "TASK"))
    return f"{array}_{task}" if array else os.environ.get("SLURM_JOB_ID", "")


def sign(path: Path) -> None:
    """Leave word of this process."""
    path.write_text(json.dumps(vars(here())))


def signed(path: Path) -> Holder | None:
    """Who left word; None when it cannot be read."""
    try:
        return _holder(files.content(path))
    except (OSError, DamagedError):
        return None


@cache
def _space() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def _born(pid: int) -> str:
    """When a process started, in the kernel's ticks since boot; empty when there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "" if Path("/proc/self/stat").exists() or not _alive(pid) else "unknown"
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else fields[19]  # a zombie works no more


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class Hearts:
    """The hearts that one process listens to, and since when each has been silent."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.heard: dict[Path, tuple[int, float]] = {}
        self.ahead: tuple[float, float] = (0.0, -BEAT)

    def stopped(self, path: Path, beat: int) -> bool:
        """Whether no beat was heard for long enough; `beat` is the time stamp in nanoseconds."""
        known, since = self.heard.get(path, (None, 0.0))
        if known != beat:
            since = self.clock()
            self.heard[path] = (beat, since)
        silent = self.clock() - since
        return silent >= DEAD or (silent >= QUIET and self.age(path, beat) >= DEAD)

    def age(self, path: Path, beat: int) -> float:
        """Seconds since a beat by the file server's clock, the only one that stamps the beats."""
        ahead, measured = self.ahead
        if self.clock() - measured >= BEAT:
            ahead = _now(path.parent) - self.clock()
            self.ahead = ahead, self.clock()
        return self.clock() + ahead - beat / 1e9


class Lease:
    """The right to work on what lies in a folder, kept alive until `release`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stop = threading.Event()
        self._heart = threading.Thread(target=self._beat, daemon=True, name="heartbeat")
        self._heart.start()

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
        """Which lease on its folder: no two that were held at a time have the same."""
        return _number(self.path)

    @property
    def held(self) -> bool:
        """Whether it is still ours: a process that stalled may have been succeeded."""
        try:
            os.utime(self.path)  # asks the file server, not what this node remembers
        except OSError:
            return False
        return _numbers(self.path.parent)[-1:] == [self.number]

    def release(self) -> None:
        self._stop.set()
        self._heart.join()
        with suppress(OSError):  # such as of a store that has become read-only
            self.path.unlink(missing_ok=True)

    def _beat(self) -> None:
        while not self._stop.wait(BEAT):
            try:
                os.utime(self.path)
            except FileNotFoundError:
                return  # taken away with its folder; `held` tells
            except OSError:
                continue  # a file server that does not answer now may answer later


def claim(folder: Path, hearts: Hearts | None = None, work: str = "") -> Lease | None:
    """A lease on `folder`, unless somebody has one whom `hearts` know to be alive, or not yet dead.

    `work` names the job folder that it is made for.

    Raises:
        OSError: leases cannot be made there.
    """
    numbers = _numbers(folder)
    if numbers and holder(folder, hearts or Hearts()):
        return None
    path = folder / f"lease.{numbers[-1] + 1 if numbers else 1}"
    try:
        with path.open("x") as file:
            json.dump({**vars(here()), "work": work}, file)
    except FileExistsError:
        return None
    except OSError:  # a full disk takes a file, but no content
        path.unlink(missing_ok=True)
        raise
    lease = Lease(path)
    if not lease.held:  # somebody was quicker with a higher number
        lease.release()
        return None
    return lease


def holder(folder: Path, hearts: Hearts | None = None) -> Holder | None:
    """Who is at work in `folder`; None when nobody is, or his heart has stopped.

    Without `hearts` it is one look, by the file server's clock: good enough to be shown.
    """
    numbers = _numbers(folder)
    if not numbers:
        return None
    path = folder / f"lease.{numbers[-1]}"
    try:
        with files.opened(path) as file:  # opening asks the file server for news
            who, beat = _holder(file.read()), os.fstat(file.fileno()).st_mtime_ns
    except (OSError, DamagedError):
        return None  # released meanwhile, or no lease
    if who is not None and who.gone:
        return None
    if hearts is None:
        return None if Hearts().age(path, beat) >= DEAD else who or UNKNOWN
    return None if hearts.stopped(path, beat) else who or UNKNOWN


def faltering(folder: Path, hearts: Hearts) -> bool:
    """Whether somebody works in `folder` who has not been heard of lately."""
    numbers = _numbers(folder)
    if not numbers or holder(folder, hearts) is None:
        return False
    path = folder / f"lease.{numbers[-1]}"
    try:
        return hearts.age(path, path.stat().st_mtime_ns) >= 2 * BEAT
    except OSError:
        return False


UNKNOWN = Holder("unknown", 0, "")  # of a lease that is being written, or was cut off while it was


def top(folder: Path) -> tuple[int, Holder | None]:
    """The number of the lease that holds, and who made it, dead or alive; 0 where there is none."""
    number = (_numbers(folder) or [0])[-1]
    return number, signed(folder / f"lease.{number}")


def forget(folder: Path) -> None:
    """Remove the leases of the dead: the work is done."""
    for number in _numbers(folder):
        with suppress(OSError):
            (folder / f"lease.{number}").unlink(missing_ok=True)


def _holder(content: bytes) -> Holder | None:
    """Who has signed; None where that cannot be read, as while it is being written."""
    keys = ("host", "pid", "born", "space", "job", "work")
    try:
        told: dict[str, Any] = {"space": "", "job": "", "work": "", **files.record(content)}
        host, pid, born, *more = (told[key] for key in keys)
    except (DamagedError, KeyError):
        return None
    texts = all(isinstance(text, str) for text in (host, born, *more))
    return Holder(host, pid, born, *more) if texts and _process(pid) else None


def _process(pid: object) -> bool:
    """Whether this may be the number of a process: 0 and less mean groups of them."""
    return type(pid) is int and 0 < pid < 1 << 31


def _now(folder: Path) -> float:
    """The file server's time, by the clock that stamps the leases."""
    probe = folder / f".clock-{socket.gethostname()}-{os.getpid()}-{threading.get_ident()}"
    try:
        probe.touch()
        now = probe.stat().st_mtime
        probe.unlink(missing_ok=True)
    except OSError:  # read-only: the best there is
        return time.time()
    return now


def _number(path: Path) -> int:
    return int(path.name.removeprefix("lease."))


def _numbers(folder: Path) -> list[int]:
    found = (path.name.removeprefix("lease.") for path in folder.glob("lease.*"))
    return sorted(int(number) for number in found if NUMBER.fullmatch(number))


NUMBER = re.compile("[0-9]{1,18}")
