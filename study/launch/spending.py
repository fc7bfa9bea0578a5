"""The spend of a run with a budget, by which its workers decide to start another trial.

Wall time runs from the time at which the job was made. For device-hours each worker has a file in
the job's folder while it is at a trial: the file's name has the time at which it began, and its
time stamp, a heartbeat, the time until which it was at work. All times are of the file server's
clock, so the spend holds for workers of several machines, and for those that are killed.
"""

import os
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from study.errors import DamagedError
from study.launch import job as job_folder
from study.plan import budgets
from study.store import atomic
from study.store.heartbeats import HEARTBEAT_SECONDS, Heartbeats
from study.store.job_folder import SETTINGS
from study.store.job_records import Budget, Job
from study.store.store import Store

BUSY = "busy.*"
"""The files of a job's folder that stand for a trial at work: busy.BEGAN.RANDOM."""


@dataclass(frozen=True)
class Spend:
    """The part of a budget that a run has spent, in seconds of the budget's unit."""

    budget: Budget
    seconds: float

    @property
    def is_over(self) -> bool:
        return self.seconds >= self.budget.seconds

    @property
    def left(self) -> Budget:
        """The rest of the budget, for a further job of the same run."""
        rest = max(0.0, self.budget.seconds - self.seconds)
        return self.budget.model_copy(update={"seconds": rest})


def spend(job: Path, order: Job, heartbeats: Heartbeats | None = None) -> Spend | None:
    """The spend of a job; None for one without a budget."""
    limit = order.budget
    if limit is None:
        return None
    if limit.unit == "h":
        return Spend(limit, _wall(job, heartbeats or Heartbeats()))
    each = budgets.units(
        limit,
        threads=order.threads,
        devices=order.devices,
        nodes=order.nodes,
        share=order.share,
    )
    return Spend(limit, each * sum(map(_seconds, job.glob(BUSY))))


def is_spent(job: Path, order: Job, heartbeats: Heartbeats | None = None) -> bool:
    """True if a job has a budget and workers may start no further trial."""
    spent = spend(job, order, heartbeats)
    return spent is not None and spent.is_over


def latest(store: Store, study: job_folder.Identity) -> Spend | None:
    """The spend of a study's last job; None if it has no budget, or was stopped."""
    for job, order in [*job_folder.jobs_of(store, study)][-1:]:
        return None if job_folder.stopped(job) else spend(job, order)
    return None


@contextmanager
def counted(job: Path, order: Job) -> Iterator[None]:
    """Count the time of the block as spent, if the job has a budget of device-hours."""
    if order.budget is None or order.budget.unit == "h":
        yield
        return
    path, over = _begun(job), threading.Event()
    beat = threading.Thread(target=_beat, args=(path, over), daemon=True, name="spending")
    beat.start()
    try:
        yield
    finally:
        over.set()
        beat.join()


def _begun(job: Path) -> Path:
    """A new file whose name has the time at which the file server created it, in nanoseconds."""
    path = job / f"begins.{uuid.uuid4().hex}"
    path.touch()
    # A rename keeps the time stamp, so the file stands for no time at all until it is touched.
    return path.rename(job / BUSY.replace("*", f"{path.stat().st_mtime_ns}.{uuid.uuid4().hex[:8]}"))


def _beat(path: Path, over: threading.Event) -> None:
    going = True
    while going:
        going = not over.wait(HEARTBEAT_SECONDS)
        # A file server that does not answer now may answer at the next heartbeat.
        with suppress(OSError):
            os.utime(path)


def _seconds(path: Path) -> float:
    """The time that a file of a trial at work stands for."""
    began = path.name.split(".")[1]
    try:
        # NFS checks a file with its server when it is opened, so that the time stamp is new.
        with atomic.open_regular(path) as file:
            ended = os.fstat(file.fileno()).st_mtime_ns
    except (OSError, DamagedError):
        return 0.0
    return max(0, ended - int(began)) / 1e9 if began.isdecimal() else 0.0


def _wall(job: Path, heartbeats: Heartbeats) -> float:
    """Seconds since a job was made; 0 while the file server does not answer."""
    began = job_folder.created(job)
    return heartbeats.age(job / SETTINGS, began) if began else 0.0
