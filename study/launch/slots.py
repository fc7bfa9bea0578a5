"""Slots of this machine: the GPUs or CPU places that a worker occupies while it lives.

A slot is a set of file locks that the worker's own process holds, so that the kernel releases them
however the process ends. Each GPU is one file per user, shared by all studies and stores. Without
GPUs each store has as many slots as workers. Workers that share a GPU hold a shared lock on its
file, and an exclusive lock on a place there; all others hold an exclusive lock on the GPU's file.
"""

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from study.launch.machine import gpus
from study.store.job_records import Job
from study.store.ownership import private


@dataclass(frozen=True)
class Slot:
    """File descriptors of locks, which a worker's process inherits, and the names of its GPUs."""

    locks: tuple[int, ...]
    devices: tuple[str, ...] = ()

    def close(self) -> None:
        """Close the locks in this process; a worker that has inherited them still holds them."""
        for lock in self.locks:
            os.close(lock)


def free_slot(job: Job, workers: int) -> Slot | None:
    """The first free slot for a worker of this job; None if all are occupied."""
    if job.device == "cuda" and job.share > 1:
        return next(filter(None, (_place(name, job.share) for name in gpus())), None)
    if job.device == "cuda":
        return _together([(f"gpu-{name}", name) for name in gpus()], job.devices)
    # A digest, since a path may be longer than a file name.
    store = hashlib.sha256(job.store.encode()).hexdigest()[:12]
    return _together([(f"cpu-{store}-{index}", "") for index in range(workers)], 1)


def _together(names: Sequence[tuple[str, str]], count: int) -> Slot | None:
    """A slot of the first `count` free places, or None if there are fewer."""
    locks, devices = list[int](), list[str]()
    for file, device in names:
        if len(locks) < count and (lock := _locked(_folder() / file)) is not None:
            locks.append(lock)
            devices += [device] if device else []
    slot = Slot(tuple(locks), tuple(devices))
    if len(locks) == count:
        return slot
    slot.close()
    return None


def _place(gpu: str, share: int) -> Slot | None:
    """A free place on a GPU that no worker holds exclusively."""
    together = _locked(_folder() / f"gpu-{gpu}", fcntl.LOCK_SH)
    if together is None:
        return None
    own = _together([(f"gpu-{gpu}.{index}", "") for index in range(share)], 1)
    if own is None:
        os.close(together)
        return None
    return Slot((together, *own.locks), (gpu,))


def _locked(path: Path, how: int = fcntl.LOCK_EX) -> int | None:
    """The file descriptor of a lock; None if another process holds it."""
    # O_NOFOLLOW: in a shared /tmp another user could have placed a link with this name.
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        # flock, not lockf: POSIX locks are not inherited, and end with the first close of the file.
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock


def _folder() -> Path:
    """The folder of this user's locks on this machine; refused if others can write to it."""
    folder = Path(tempfile.gettempdir()) / f"study-slots-{os.getuid()}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    private(folder)
    return folder
