"""Job folders: the settings of a job, the code that its workers run, and their logs.

jobs/STAMP/
    job.json              the job: phases, trials, device, limits
    trials.json           the frozen plan: what each of the trials computes
    trials.N.json         the same of trials that results called for later, numbered
    growth/               the lease of the worker that plans a study again which grows
    code/  code.diff      this package as it was, and how it differed from its commit
    program/DIGEST/       files of the user's program as they were
    worker.HOST-PID       a supervisor that works, or worked, on it
    slurm.json            the Slurm jobs that were submitted for it
    command.json          the workers that a user's command was to start
    workers/INDEX/        the lease of such a worker
    logs/                 what workers printed
    busy.BEGAN.RANDOM     a trial at work, for a budget of device-hours; see `spending`
    stop                  present when the workers should stop
    error.*               the error of a worker that failed outside any trial

A folder belongs to the user alone. Workers run code and Slurm unpickles files from it, so one that
another user owns, can write to or can replace is refused.
"""

import os
import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from pathlib import Path

from study.errors import DamagedError, StoreError, StudyError
from study.launch import computed, snapshot
from study.launch.machine import Machine
from study.store import holders, job_folder, leases, ownership
from study.store.atomic import content, warn_once, write
from study.store.file_systems import Stamp, stamp
from study.store.heartbeats import Heartbeats
from study.store.job_records import Job, Work
from study.store.provenance import origin
from study.store.records import TrialRecord
from study.store.store import Store

SAME = attrgetter(
    *("store", "study", "file", "task", "sources", "device", "threads", "devices", "nodes"),
    *("code", "budget"),
)
"""Fields that must be equal for the workers of one job to run the trials of another."""
Identity = tuple[str, str]
"""The title of a study, and its file."""
NONE: Mapping[str, TrialRecord] = {}


def create_job(
    store: Store, work: Work, machine: Machine, records: Mapping[str, TrialRecord] = NONE
) -> Path:
    """A new job folder, private to the user.

    `records` says of trials by name what they compute. Workers read it from here: a record names
    the user's own code, and one in the store may be of whoever can write there.
    """
    # The time orders jobs, also those of one second; the random part separates machines.
    stamp = f"{datetime.now():%Y%m%d-%H%M%S-%f}"
    folder = store.root / "jobs" / f"{stamp}-{uuid.uuid4().hex[:6]}"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        ownership.above(folder.parent.resolve() / folder.name)
        # mkdir fails if the folder exists, so no other user can have prepared it.
        folder.mkdir(mode=0o700)
        (folder / "logs").mkdir()
    except OSError as error:
        raise StoreError(f"{folder} cannot be made: {error.strerror}") from error
    # Workers run a copy, so that an edit of the package while they run changes no trial.
    if machine.on != "inline":
        snapshot.copy_package(folder)
    snapshot.copy_programs(folder, work, {**records, **work.arms})
    write(folder / job_folder.RECORDS, {name: record.plain for name, record in records.items()})
    store_and_code = {"store": str(store.root.resolve()), "code": origin()}
    # A worker that is started elsewhere has another shell's PATH, and finds other programs.
    command = machine.on == "command"
    path = {"search_path": os.environ.get("PATH", "")} if command else {}
    job = Job.checked({**work.plain, **machine.order, **store_and_code, **path})
    write(folder / job_folder.SETTINGS, job.plain)
    return folder.resolve()


def entered(store: Store, trials: Mapping[str, TrialRecord]) -> dict[str, TrialRecord]:
    """The trials that could be entered in the store; the others are reported.

    Raises:
        StoreError: no trial could be entered.
    """
    wrong: dict[str, StoreError] = {}
    for name, record in trials.items():
        try:
            store.enter(name, record)
            store.retry(name)
        except StoreError as error:
            wrong[name] = error
    for why in wrong.values():
        if len(wrong) == len(trials):
            raise why
        warn_once(f"{why}: this trial is passed over")
    return {name: record for name, record in trials.items() if name not in wrong}


def order(job: Path) -> Job:
    """The settings of a job, read from its folder.

    Raises:
        StoreError: it is not the user's own, or cannot be read.
    """
    ownership.job(job)
    path = job / job_folder.SETTINGS
    try:
        known = stamp(path)
        return _order(path, known) if known else Job.parsed(content(path))
    except DamagedError as error:
        raise DamagedError(f"{path} is damaged: {error}; nothing of {job} is run") from error
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from error


# Read at every claim; that of 100,000 trials has 2 MB.
@lru_cache(maxsize=256)
def _order(path: Path, known: Stamp) -> Job:
    return Job.parsed(content(path))


def record(job: Path, trial: str) -> TrialRecord:
    """The record of a trial in the queue of this job, read from job folders alone.

    Raises:
        StoreError: no job of this user has the trial.
    """
    for folder in chain([job], alike(job)):
        for file in (folder / job_folder.RECORDS, *computed.growth(folder)):
            if (known := computed.record(file, trial)) is not None:
                return known
    raise StoreError(f"no job of this user says what trial {trial} computes: nothing is run")


def trials(job: Path, settings: Job | None = None) -> list[str]:
    """The trials of a job: those that it was made with, and those that results called for later.

    `settings` are the job's, where they have been read; otherwise it must be the user's own.
    """
    settings = settings or order(job)
    added = map(computed.computed, computed.growth(job))
    return [*settings.trials, *(name for more in added if more for name in more.trials)]


def add(job: Path, records: Mapping[str, TrialRecord]) -> None:
    """Add trials to a job; the caller holds the lease on its growth."""
    number = len(computed.growth(job)) + 1
    snapshot.copy_programs(job, order(job), records)
    file = job_folder.GROWTH.replace("*", f"{number:06}")
    write(job / file, {name: record.plain for name, record in records.items()})


def jobs(store: Store, after: int = 0) -> Iterator[tuple[Path, Job]]:
    """The user's own jobs in this store, oldest first; copied ones of another store left out.

    `after` is when another was made: those that were made then or later.
    """
    root, folder = str(store.root.resolve()), store.root / "jobs"
    try:
        ages = {path: created(path) for path in folder.iterdir()}
    except OSError:
        return
    for path in sorted((path for path in ages if ages[path] >= after), key=ages.__getitem__):
        try:
            settings = order(path.resolve())
        except DamagedError as error:
            warn_once(str(error))
            continue
        except StoreError:
            continue
        # A copy of a store has the jobs of the original, whose workers write there.
        if settings.store == root:
            yield path.resolve(), settings


def created(job: Path) -> int:
    """When a job was made, in nanoseconds of the file server's clock: those of nodes differ."""
    try:
        return (job / job_folder.SETTINGS).stat().st_mtime_ns
    except OSError:
        return 0


def whose(order: Work) -> Identity:
    """The study of a job: its title and its file, as several files may have one title.

    Empty for a phase without a study.
    """
    if order.file is not None:
        return order.study, order.file
    request = order.request  # by an earlier version, as the user wrote it
    return order.study, str(Path(request.folder, request.file).resolve()) if request else ""


def study_of_job(store: Store, job: str) -> Identity | None:
    """The study that the job of this name is of; None where there is none of the user's."""
    try:
        # The name comes from a lease: it must not lead out of the folder of jobs.
        within = bool(job) and Path(job).name == job
        return whose(order(store.root.resolve() / "jobs" / job)) if within else None
    except StoreError:
        return None


def jobs_of(store: Store, study: Identity) -> Iterator[tuple[Path, Job]]:
    """The jobs of a study, oldest first."""
    return ((job, order) for job, order in jobs(store) if whose(order) == study)


def queue(job: Path) -> list[str]:
    """The trials that a worker of this job may claim: its own, and those of later jobs.

    When a study is edited and run again, workers that are already running get its new arms.
    """
    others = [other for other in alike(job, after=created(job)) if not stopped(other)]
    key = tuple(
        (folder, created(folder), tuple(computed.growth(folder))) for folder in (job, *others)
    )
    # A file that cannot be read now may be read at the next look.
    whole = all(computed.computed(file) for _, _, files in key for file in files)
    return _queue(key) if whole else _queue.__wrapped__(key)


# The same list while no job and no file of growth is added, so that it is compared by identity.
@lru_cache(maxsize=16)
def _queue(folders: tuple[tuple[Path, int, tuple[Path, ...]], ...]) -> list[str]:
    return list(dict.fromkeys(name for folder, *_ in folders for name in trials(folder)))


def alike(job: Path, after: int = 0) -> list[Path]:
    """Jobs whose workers may do the trials of this one; it is one of them, unless made before."""
    ours = order(job)
    if ours.alone:
        return [] if after else [job]
    others = jobs(Store(Path(ours.store)), after)
    return [folder for folder, other in others if SAME(other) == SAME(ours)]


def open_trials(job: Path, heartbeats: Heartbeats) -> list[str]:
    """Trials of the queue without a result and without a worker."""
    store = Store(Path(order(job).store))
    return [
        name
        for name in queue(job)
        if store.result(name) is None and not leases.holder(store.trial(name), heartbeats)
    ]


def stop(job: Path) -> None:
    (job / job_folder.STOP).touch()


def stopped(job: Path) -> bool:
    return (job / job_folder.STOP).exists()


def workers(job: Path) -> list[holders.Holder]:
    """Supervisors of this machine that are at work on a job."""
    named = (holders.read(file) for file in job.glob("worker.*"))
    return [who for who in named if who and who.local and not who.gone]


def unwritable(store: Store) -> str:
    """Why a store cannot be written to, as its file system has it; a worker said that it cannot."""
    disk = os.statvfs(store.root)
    # f_bavail, since f_bfree includes blocks that only root may use.
    free = disk.f_bavail * disk.f_frsize
    why = "No space left on device" if free < 1 << 30 else "see the logs in its jobs"
    why = "Read-only file system" if disk.f_flag & os.ST_RDONLY else why
    return f"{store.root} cannot be written: {why} ({free / 1e6:.1f} MB are free)"


def raise_worker_error(job: Path) -> None:
    """Raise the error of a worker that failed outside any trial.

    Raises:
        StudyError: a worker failed.
    """
    for file in job.glob("error.*"):
        try:
            text = content(file).decode(errors="replace")
        except (OSError, DamagedError):
            text = ""
        lines = text.strip().splitlines() or ["no message was written"]
        raise StudyError(f"a worker failed: {lines[-1]} (full log: {file})")
