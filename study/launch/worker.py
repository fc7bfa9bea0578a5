"""Workers claim trials from the store, run them, and end when no open trial is left.

A worker runs in this process, in one of its own, or as several processes that train each trial
together. A process of its own is the child of a supervisor, which sees how it ends.
"""

import errno
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

from study import tasks
from study.errors import StoreError
from study.launch import job as job_folder
from study.launch import unread
from study.launch.machine import AUTO, own_device
from study.spec import plugins
from study.store import leases, polling
from study.store.atomic import warn_once
from study.store.heartbeats import Heartbeats
from study.store.store import Store

STORE_FAILED = 74
"""Exit status: nothing can be written any more (EX_IOERR)."""
REQUEUE_STATUS = 75
"""Exit status: a group has broken up, through no fault of this process (EX_TEMPFAIL)."""
UNFIT = (errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR)
"""Errors of the folder of one trial; a store that cannot be written gives others."""
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR2)  # ask to stop after the next step

Tick = Callable[[], None]


def idle() -> None:
    pass


class Worker:
    """A worker's job, its store, and whether it should stop."""

    def __init__(self, job: Path, tick: Tick = idle) -> None:
        """`tick` is called whenever the worker makes progress."""
        self.job, self.tick = job, tick
        self.order = job_folder.order(job)
        if self.order.device == AUTO:
            self.order = self.order.model_copy(update={"device": own_device(self.order.on)})
        self.store = Store(Path(self.order.store))
        self.heartbeats = Heartbeats()
        self._stopping, self._looked = False, 0.0
        self.planned_from: frozenset[str] = frozenset()
        """The trials that had results when this worker planned a growing study last."""
        self._queue: Sequence[str] = ()
        self._unfinished: dict[str, None] = {}
        self._unreadable = set[str]()

    @cached_property
    def task(self) -> tasks.Task:
        """The task of the study; raises SpecError if a plugin has changed since it was planned."""
        return tasks.task(self.order.task, plugins.planned(self.order.sources))

    def ask_to_stop(self, number: int = 0, frame: object = None) -> None:
        self._stopping = True

    def stop(self) -> bool:
        """True if the worker should stop; cheap enough to call at every step."""
        now = time.monotonic()
        # The stop file lies on NFS, where a look costs a round trip, so not at every step.
        if not self._stopping and now - self._looked >= polling.WORKERS:
            self._looked = now
            self._stopping = job_folder.stopped(self.job)
        return self._stopping

    def open_trials(self, names: Sequence[str]) -> Iterator[str]:
        """Trials without a result; of most that have one, it is known from an earlier look.

        A result that is there counts, whatever is in it, until `look_again`.
        """
        if names is not self._queue:  # the queue is the same list until it changes
            ended = {*self._queue} - self._unfinished.keys()
            self._queue = names
            self._unfinished = {name: None for name in names if name not in ended}
        for name in [*self._unfinished]:
            if self._has_result(name):
                del self._unfinished[name]
            else:
                yield name

    def _has_result(self, name: str) -> bool:
        if name in self._unreadable:
            return self.store.result(name) is not None
        # One look: a result is read once, when no other trial is open.
        return os.path.lexists(self.store.folder(name).result)

    def look_again(self) -> bool:
        """Read all results; True if one is damaged or gone, and its trial so open again."""
        ended = self.store.endings(self._queue)
        lost = [n for n in self._queue if n not in ended and n not in self._unfinished]
        self._unreadable.update(lost)
        self._unfinished |= dict.fromkeys(lost)
        return bool(lost)

    def may_start(self) -> bool:
        """True unless the worker should stop, or its job starts no further trial."""
        return not (self.stop() or unread.starts_no_more(self.job, self.order, self.heartbeats))


def claim(worker: Worker, names: Sequence[str]) -> tuple[str, leases.Lease] | None:
    """A lease on the first open trial; waits while the heartbeat of another worker is late.

    Trials that a worker died of come last, so that a trial which kills its workers does not delay
    the others. A worker whose heartbeat is late either comes back, or counts as dead after a while,
    and its trial is taken over then.
    """
    unfit: dict[str, StoreError] = {}
    while worker.may_start():
        open_ = list[str]()
        for name in _in_turn(worker, names):
            if name in unfit:
                continue
            open_.append(name)
            try:
                lease = _leased(worker, name)
            except UnfitError as error:
                warn_once(f"{error}: this trial is passed over")
                unfit[name] = error
                continue
            if lease is not None:
                return name, lease
        if unfit and len(unfit) == len(names):
            raise StoreError(str(unfit[names[0]]))
        if any(leases.is_late(worker.store.trial(n), worker.heartbeats) for n in open_):
            time.sleep(polling.WORKERS)
        elif not worker.look_again():
            return None
    return None


def _in_turn(worker: Worker, names: Sequence[str]) -> Iterator[str]:
    """The open trials: those that no worker has tried, in their order, and then the others."""
    tried = list[str]()
    for name in worker.open_trials(names):
        if _is_tried(worker.store, name):
            tried.append(name)
        else:
            yield name
    yield from tried


class UnfitError(StoreError):
    """The files of one trial prevent it from being run; other trials are not affected."""


def _leased(worker: Worker, name: str) -> leases.Lease | None:
    """A lease on a trial; None if another worker has one, or the trial is finished.

    Raises:
        UnfitError: what is in its folder is in the way.
        StoreError: the store cannot be written.
    """
    store = worker.store
    try:
        lease = leases.claim(store.trial(name), worker.heartbeats, worker.job.name)
    except OSError as error:
        why = f"no lease can be made in {store.trial(name)}: {error.strerror}"
        kind = UnfitError if error.errno in UNFIT else StoreError
        raise kind(why) from error
    if lease is None:
        return None
    try:
        _refuse_unfit(store, name)
        # Another worker may have finished it between the look at the store and the lease.
        finished = store.result(name) is not None
    except StoreError:
        lease.release()
        raise
    if finished:
        lease.release()
    return None if finished else lease


def _refuse_unfit(store: Store, name: str) -> None:
    if store.blocked(name):
        raise UnfitError(f"{store.folder(name).result} is no result, and stays there")


def _is_tried(store: Store, name: str) -> bool:
    """True for a trial that a worker is at, or has died of."""
    try:
        # One look instead of two globs: a worker passes by the trials of all others.
        files = os.listdir(store.trial(name))
    except OSError:
        return False
    return any(file.startswith(("lease.", "died-")) for file in files)
