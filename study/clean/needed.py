"""Stored files in use: by the workers of a job, and by studies and requests."""

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from study.clean.disk import WEEK, age, folders, lacks
from study.errors import StoreError, StudyError
from study.launch import job, slurm
from study.store import holders, job_folder, job_records, leases, ownership
from study.store.store import Store


@dataclass(frozen=True)
class JobFolder:
    """A job folder and its state."""

    path: Path
    order: job_records.Job | None
    """The contents of the job file; None if it cannot be read."""
    busy: bool
    """Workers have it, or wait in Slurm's queue; also true if that cannot be found out."""
    own: bool
    """The job is this user's and for this store."""

    @property
    def trials(self) -> tuple[str, ...]:
        return tuple(job.trials(self.path, self.order)) if self.order else ()

    @property
    def request(self) -> job_records.Request | None:
        """The study as the user requested it; None where unknown."""
        return self.order.request if self.order else None

    @property
    def file(self) -> Path | None:
        """The study file, if the job names one that still exists or is no file."""
        request = self.request
        file = Path(request.folder, request.file) if request else None
        is_there = request is not None and request.text is not None
        # A name may be too long for Path.
        return file if file and (is_there or os.path.isfile(file)) else None


@dataclass
class Needs:
    """Trials, weights and requests that studies and jobs still use."""

    jobs: list[JobFolder]
    trials: set[str] = field(default_factory=set)
    weights: set[str] = field(default_factory=set)
    """Trials whose weights have not been evaluated at every size, or start other trials."""
    requests: set[Path] = field(default_factory=set)
    """Jobs whose job file is the only record of a request."""


def jobs(store: Store) -> list[JobFolder]:
    """All job folders with a job file, oldest first."""
    paths = [path for path in folders(store, "jobs") if not lacks(path / job_folder.SETTINGS)]
    job_files = {path: job_records.Job.look(path / job_folder.SETTINGS) for path in paths}
    # Slurm is asked once, about the jobs of all folders.
    waiting, root = _waiting(job_files), str(store.root.resolve())
    return [
        JobFolder(path, order, _busy(store, path, order, waiting), _private(path, order, root))
        for path, order in job_files.items()
    ]


def _private(path: Path, order: job_records.Job | None, root: str) -> bool:
    with suppress(StoreError):
        ownership.private(path)
        return order is not None and order.store == root
    return False


def _waiting(paths: Iterable[Path]) -> set[str] | None:
    """Slurm jobs that are pending or running; None if Slurm does not answer."""
    ids = {job for path in paths for job in slurm.submitted(path)}
    try:
        # squeue lists a job for some minutes after its end, so its state is looked at below.
        states = slurm.queued(ids) if ids else {}
    except StudyError:
        # Without an answer every submitted job counts as busy.
        return None
    return {job for job, state in states.items() if state not in slurm.OVER}


def _busy(
    store: Store, path: Path, order: job_records.Job | None, waiting: set[str] | None
) -> bool:
    ids = set(slurm.submitted(path))
    if ids and (waiting is None or ids & waiting):
        return True
    trials = job.trials(path, order) if order else ()
    if job.workers(path) or any(leases.holder(store.trial(name)) for name in trials):
        return True
    signed = (holders.read(file) for file in path.glob("worker.*"))
    # A worker elsewhere cannot be looked up: its job counts as busy until it is a week old.
    # Those in Slurm jobs of this folder are known from the queue.
    elsewhere = any(who and not who.local and who.job not in ids for who in signed)
    return elsewhere and age(path) < WEEK


def superseded(job: JobFolder, later: Iterable[JobFolder]) -> bool:
    """A later job of this user has the same command, and its study file still exists."""
    return job.file is not None and any(job.request == new.request for new in later if new.own)
