"""The processes that own a lease or a job folder, as a file names them."""

import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path

from study.errors import DamagedError
from study.store import atomic, processes


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


def write(path: Path) -> None:
    """Write this process to a file, by which others can look up if it is alive."""
    path.write_text(json.dumps(vars(here())))


def read(path: Path) -> Holder | None:
    """The process that a file names; None if it cannot be read."""
    try:
        return decoded(atomic.content(path))
    except (OSError, DamagedError):
        return None


UNKNOWN = Holder("unknown", 0, "")
"""The owner of a lease whose content is still being written, or was cut short."""


def decoded(content: bytes) -> Holder | None:
    """The process in a file's content; None if it cannot be read, or is not complete yet."""
    keys = ("host", "pid", "born", "space", "job", "work")
    try:
        # Earlier versions did not write the last three keys.
        record: atomic.Record = {"space": "", "job": "", "work": "", **atomic.record(content)}
        host, pid, born, *more = (record[key] for key in keys)
    except (DamagedError, KeyError):
        return None
    # Damaged content must not name a process: a signal to 0 or less reaches a whole group.
    texts = all(isinstance(text, str) for text in (host, born, *more))
    return Holder(host, pid, born, *more) if texts and processes.is_pid(pid) else None
