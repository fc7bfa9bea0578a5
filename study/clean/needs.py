"""What is needed: by whoever works on a job, and by whoever has asked for something."""

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from study import job_records, leases, ownership
from study.clean.disk import WEEK, age, folders, lacks
from study.errors import StoreError, StudyError
from study.launch import orders, slurm
from study.store import Store


@dataclass(frozen=True)
class Job:
    """A folder of `jobs`, and what is known of it."""

    path: Path
    order: job_records.Job | None
    """None where it cannot be read."""
    busy: bool
    """Whether somebody works on it or will, as far as can be known."""
    own: bool
    """Whether the user has asked for it, for this store."""

    @property
    def trials(self) -> tuple[str, ...]:
        return tuple(self.order.trials) if self.order else ()

    @property
    def words(self) -> tuple[list[str], str]:
        """The words that the user asked with, and the folder where; empty where unknown."""
        return (self.order.words or [], self.order.folder or "") if self.order else ([], "")

    @property
    def file(self) -> Path | None:
        """The study file, where it is known and there still."""
        words, folder = self.words
        file = Path(folder, words[0]) if words and folder else None
        return file if file and os.path.isfile(file) else None  # a name may be too long for Path


@dataclass
class Needs:
    """What studies and requests ask for."""

    jobs: list[Job]
    trials: set[str] = field(default_factory=set)
    weights: set[str] = field(default_factory=set)
    """Trials whose weights are to be evaluated yet."""
    requests: set[Path] = field(default_factory=set)
    """Jobs of which the order is kept: nothing else says what was asked for."""


def jobs(store: Store) -> list[Job]:
    """All job folders with an order, oldest first."""
    paths = [path for path in folders(store, "jobs") if not lacks(path / "job.json")]
    found = {path: job_records.Job.look(path / "job.json") for path in paths}
    waiting, root = _waiting(found), str(store.root.resolve())
    return [
        Job(path, order, _busy(store, path, order, waiting), _private(path, order, root))
        for path, order in found.items()
    ]


def _private(path: Path, order: job_records.Job | None, root: str) -> bool:
    with suppress(StoreError):
        ownership.private(path)
        return order is not None and order.store == root
    return False


def _waiting(paths: Iterable[Path]) -> set[str] | None:
    """Slurm jobs that wait or work; None where Slurm does not answer."""
    ids = {one for path in paths for one in slurm.submitted(path)}
    try:
        states = slurm.queued(ids) if ids else {}
    except StudyError:
        return None
    return {one for one, state in states.items() if state not in slurm.OVER}


def _busy(
    store: Store, path: Path, order: job_records.Job | None, waiting: set[str] | None
) -> bool:
    ids = set(slurm.submitted(path))
    if ids and (waiting is None or ids & waiting):
        return True
    trials = order.trials if order else ()
    if orders.workers(path) or any(leases.holder(store.trial(name)) for name in trials):
        return True
    signed = (leases.signed(file) for file in path.glob("worker.*"))
    elsewhere = any(who and not who.local and who.job not in ids for who in signed)
    return elsewhere and age(path) < WEEK


def superseded(job: Job, later: Iterable[Job]) -> bool:
    """Whether the user has asked for the same again since, in a file that can be planned anew."""
    return job.file is not None and any(job.words == one.words for one in later if one.own)
