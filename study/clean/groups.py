"""Stored files that no study uses: one search function per group."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from study.clean.disk import DAY, WEEK, age, folders, lacks, listed, real, size
from study.clean.needed import Needs
from study.launch import job as job_folder
from study.store import leases
from study.store.job_folder import RECORDS, SETTINGS, STOP
from study.store.records import TrialRecord
from study.store.states import DONE
from study.store.store import Store
from study.store.trial_folder import CHECKPOINT

PARTIAL = re.compile(r"\.[\w.-]+\.([0-9a-f]{8}|\d+)|\.clock-.+")
"""Temporary files of a write, or of a reading of the server's clock, that was interrupted."""
ASIDE = re.compile(rf".+\.(foreign|failed|damaged)-[0-9a-f]{{6}}|{re.escape(CHECKPOINT)}\.broken")
"""Files set aside because they are no results, or belong to a failed attempt."""
REQUEST_FILES = (SETTINGS, RECORDS, STOP)


@dataclass(frozen=True)
class Item:
    """One file or folder to remove."""

    path: Path
    size: int
    """In bytes."""
    description: str = ""
    seconds: float = 0.0
    """Computing time that its result took."""
    device: str = ""
    keep: tuple[str, ...] = ()
    """Names of files in the folder that stay."""


def trials(store: Store, needs: Needs) -> Iterator[Item]:
    """Trials that no study and no request refers to, and that no worker has claimed."""
    for path in folders(store, "trials"):
        record, result = store.peek(path.name)
        # A folder without a record or result of this store is not known to be a trial.
        if path.name in needs.trials or not (record or result) or leases.holder(path):
            continue
        text = f"{_named(record)}, {result.state if result else 'without a result'}"
        seconds = (result.seconds if result else None) or 0.0
        device = (result.environment.device if result else None) or "unknown"
        yield Item(path, size(path), text, seconds=seconds, device=device)


def _named(record: TrialRecord | None) -> str:
    """A trial by its arm, seed and study."""
    if record is None:
        return "a trial without a record"
    return f"{record.label}/s{record.seed} of {record.study}"


def checkpoints(store: Store, needs: Needs) -> Iterator[Item]:
    """Checkpoints of trials that are done and evaluated at every image size of a study."""
    for path in folders(store, "trials"):
        _, result = store.peek(path.name)
        if result is None or result.state not in DONE or leases.holder(path):
            continue
        folder = store.folder(path.name)
        # A trial that is done is never resumed, so the save before the last has no use.
        for file in folder.checkpoints:
            needed = file == folder.checkpoint and path.name in needs.weights
            if not needed and file.is_file() and not file.is_symlink():
                yield Item(file, size(file))


def finished_jobs(store: Store, needs: Needs) -> Iterator[Item]:
    """Job folders without workers and without open trials.

    The job file stays if it is the only record of a request.
    """
    studies = {job_folder.whose(job.order) for job in needs.jobs if job.busy and job.order}
    for job in needs.jobs:
        if job.busy or not job.own:
            continue
        open_ = [n for n in job.trials if not store.folder(n).result.is_file()]
        # Age matters while trials are open, and for a job without trials, such as a timing.
        young = age(job.path) < (WEEK if open_ else DAY)
        if young and (open_ or not job.trials):
            continue
        if open_ and job.order and job_folder.whose(job.order) in studies:
            continue  # workers of another job of this study may still claim them
        keep = REQUEST_FILES if job.path in needs.requests else ()
        if bytes_ := size(job.path, keep):
            title = (job.order.study or ", ".join(job.order.phases)) if job.order else ""
            but = "; its job file stays as the record of the request" if keep else ""
            yield Item(job.path, bytes_, f"{title}{but}", keep=keep)
    for path in folders(store, "jobs"):
        # Other users' folders may look empty because they cannot be read.
        ours = path.lstat().st_uid == os.geteuid()
        if ours and lacks(path / SETTINGS) and age(path) >= DAY:
            yield Item(path, size(path), "without a job file")


def leftovers(store: Store, needs: Needs) -> Iterator[Item]:
    """Remains of interrupted writes, and files set aside, at least a day old."""
    parents = [store.root / name for name in ("arms", "timings", "jobs", "trials")]
    inside = [*folders(store, "timings"), *folders(store, "trials")]
    for parent in [*filter(real, parents), *inside]:
        for path in listed(parent):
            # A trial gets a hidden name before it is deleted; an interruption leaves that name.
            if parent == parents[-1] and real(path) and PARTIAL.fullmatch(path.name):
                yield Item(path, size(path), "partly removed")
            # A write of the last day may still be going on, here or on another machine.
            elif path.is_symlink() or age(path) < DAY:
                continue
            elif PARTIAL.fullmatch(path.name) and not path.is_dir():
                yield Item(path, size(path), "partly written")
            elif ASIDE.fullmatch(path.name):
                yield Item(path, size(path), "set aside")
