"""Leases: who works on a trial, so that no two do.

A lease is a numbered file, made by exclusive creation, which is atomic on NFS too. The highest
number holds. Its holder's heart beats by touching it; a lease whose heart has stopped is taken over
by making the next number, never by deleting or renaming one that may have come to life.
Ages are read from the file server's clock alone: clocks of nodes may differ.
"""

import json
import os
import socket
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

BEAT = 5.0  # seconds between heartbeats
DEAD = 60.0  # seconds without one; a process of this machine is looked up at once


@dataclass(frozen=True)
class Holder:
    """The process behind a lease, told apart from a later one of the same number by its start."""

    host: str
    pid: int
    born: str

    @property
    def local(self) -> bool:
        return self.host == socket.gethostname()

    @property
    def gone(self) -> bool:
        """Known to be dead: only of processes of this machine."""
        return self.local and _born(self.pid) != self.born


def here() -> Holder:
    """This process."""
    return Holder(socket.gethostname(), os.getpid(), _born(os.getpid()))


def sign(path: Path) -> None:
    """Leave word of this process."""
    path.write_text(json.dumps(vars(here())))


def signed(path: Path) -> Holder | None:
    """Who left word; None when it cannot be read."""
    try:
        return _holder(path.read_text())
    except OSError:
        return None


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


class Lease:
    """The right to work on what lies in `folder`, kept alive until `release`."""

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
    def held(self) -> bool:
        """Whether it is still ours: a process that stalled may have been succeeded."""
        return self.path.exists() and _numbers(self.path.parent)[-1:] == [_number(self.path)]

    def release(self) -> None:
        self._stop.set()
        self._heart.join()
        self.path.unlink(missing_ok=True)

    def _beat(self) -> None:
        while not self._stop.wait(BEAT):
            try:
                os.utime(self.path)
            except OSError:
                return  # taken away with its folder; `held` tells


def claim(folder: Path) -> Lease | None:
    """A lease on `folder`, unless somebody alive has one."""
    numbers = _numbers(folder)
    if numbers and holder(folder):
        return None
    path = folder / f"lease.{numbers[-1] + 1 if numbers else 1}"
    try:
        with path.open("x") as file:
            json.dump(vars(here()), file)
    except FileExistsError:
        return None
    for number in numbers:  # of the dead
        (folder / f"lease.{number}").unlink(missing_ok=True)
    lease = Lease(path)
    if not lease.held:  # somebody was quicker with a higher number
        lease.release()
        return None
    return lease


def holder(folder: Path) -> Holder | None:
    """Who is at work in `folder`; None when nobody is, or his heart has stopped."""
    numbers = _numbers(folder)
    if not numbers:
        return None
    path = folder / f"lease.{numbers[-1]}"
    try:
        age = _now(folder) - path.stat().st_mtime
        who = _holder(path.read_text())
    except OSError:
        return None  # released meanwhile
    if who is None:  # being written, or cut off while it was
        return None if age > DEAD else Holder("unknown", 0, "")
    return None if who.gone or age > DEAD else who


def _holder(text: str) -> Holder | None:
    try:
        told: dict[str, Any] = json.loads(text)
        return Holder(str(told["host"]), int(told["pid"]), str(told["born"]))
    except (ValueError, KeyError, TypeError):
        return None


def _now(folder: Path) -> float:
    """The file server's time, by the clock that stamps the leases."""
    probe = folder / f".clock-{socket.gethostname()}-{os.getpid()}-{threading.get_ident()}"
    try:
        probe.touch()
        now = probe.stat().st_mtime
        probe.unlink(missing_ok=True)
    except OSError:  # read-only: the best there is
        import time

        return time.time()
    return now


def _number(path: Path) -> int:
    return int(path.name.removeprefix("lease."))


def _numbers(folder: Path) -> list[int]:
    found = (path.name.removeprefix("lease.") for path in folder.glob("lease.*"))
    return sorted(int(number) for number in found if number.isdigit())
