"""Slots of this machine: what a worker occupies while it lives, whoever started it.

A slot is locks on files, held by the worker's own process: the kernel takes them back when that
ends, however it ends. GPUs are slots of the user's on this machine, whatever studies and stores he
works on; where there are none, each store has as many as it is given workers. Workers that share a
GPU hold its file together, and each a place there of its own; all others hold it alone.
"""

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from study.job_records import Job
from study.launch.machine import gpus
from study.ownership import private


@dataclass(frozen=True)
class Slot:
    """Locks, to be handed to the process that works there; names of its GPUs."""

    locks: tuple[int, ...]
    devices: tuple[str, ...] = ()

    def close(self) -> None:
        """This process lets go; the one that was handed the locks keeps them."""
        for lock in self.locks:
            os.close(lock)


def free(job: Job, workers: int) -> Slot | None:
    """A slot that nobody has, for a worker of this job."""
    if job.device == "cuda" and job.share > 1:
        return next(filter(None, (_place(name, job.share) for name in gpus())), None)
    if job.device == "cuda":
        return _together([(f"gpu-{name}", name) for name in gpus()], job.devices)
    store = hashlib.sha256(job.store.encode()).hexdigest()[:12]
    return _together([(f"cpu-{store}-{index}", "") for index in range(workers)], 1)


def _together(names: Sequence[tuple[str, str]], count: int) -> Slot | None:
    """The first `count` that are free, or none of them."""
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
    """A place on a GPU that nobody has alone."""
    together = _locked(_folder() / f"gpu-{gpu}", fcntl.LOCK_SH)
    if together is None:
        return None
    own = _together([(f"gpu-{gpu}.{index}", "") for index in range(share)], 1)
    if own is None:
        os.close(together)
        return None
    return Slot((together, *own.locks), (gpu,))


def _locked(path: Path, how: int = fcntl.LOCK_EX) -> int | None:
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock


def _folder() -> Path:
    """Of this user on this machine; one that others can write to is refused."""
    folder = Path(tempfile.gettempdir()) / f"study-slots-{os.getuid()}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    private(folder)
    return folder
