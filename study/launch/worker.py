"""Workers claim trials from the store, run them, and end when no open trial is left.

The same code in this process, in a process of its own, or as one of several that train each trial
together. A process of its own is the child of a supervisor, which knows how it ends.
"""

import errno
import faulthandler
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from study.errors import SizeError, StoreError, StudyError
from study.launch import job as job_folder
from study.launch.machine import AUTO, allocated_device
from study.store import leases
from study.store.atomic import warn_once
from study.store.job_records import Job
from study.store.records import Evaluation
from study.store.store import Store
from study.store.timing_records import TimingSession

if TYPE_CHECKING:
    from study.train import ProcessGroup

STORE_FAILED = 74  # exit status: nothing can be written any more (EX_IOERR)
REQUEUE_STATUS = (
    75  # exit status: a group has broken up, through no fault of this process (EX_TEMPFAIL)
)
UNFIT = (errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR)
"""Errors of the folder of one trial; a store that cannot be written gives others."""
POLL = 1.0  # seconds between two looks for a stop file
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
            self.order = self.order.model_copy(update={"device": allocated_device()})
        self.store = Store(Path(self.order.store))
        self.heartbeats = leases.Heartbeats()
        self._stopping, self._looked = False, 0.0

    def ask_to_stop(self, number: int = 0, frame: object = None) -> None:
        self._stopping = True

    def stop(self) -> bool:
        """True if the worker should stop; cheap enough to call at every step."""
        now = time.monotonic()
        # The stop file lies on NFS, where a look costs a round trip: one per POLL, not per step.
        if not self._stopping and now - self._looked >= POLL:
            self._looked = now
            self._stopping = job_folder.stopped(self.job)
        return self._stopping


def work(worker: Worker, task: str) -> int:
    """Do one task of a job: the exit status is 0, or REQUEUE_STATUS if its group broke up."""
    if worker.stop():
        return 0
    import torch  # the launcher has set its environment by now

    torch.set_num_threads(worker.order.threads)
    return TASKS[task](worker)


# ---- tasks ----


def trials(worker: Worker) -> int:
    """Claim and run trials until every open one belongs to another worker."""
    from study import train, trial

    with train.joined(worker.order.device) as group, _watched(worker.order) as pulse:
        while claimed := _claimed(worker, group):
            name, lease = claimed
            worker.tick()
            try:
                trial.run_trial(
                    worker.store,
                    name,
                    lease,
                    record=job_folder.record(worker.job, name) if group.leads else None,
                    device=worker.order.device,
                    stop=worker.stop,
                    pulse=pulse,
                    report=lambda row: worker.tick(),
                    group=group,
                )
            except train.Stopped:
                pass  # the worker should stop, or another one has taken the trial over
            except Exception:
                if lease is not None:
                    raise  # the lease stays: it tells the supervisor which trial failed
                traceback.print_exc()
                return REQUEUE_STATUS  # the leader has died, or knows
            if lease is not None:
                lease.release()
            worker.tick()
            if not group.whole:
                return REQUEUE_STATUS
    return 0


def _claimed(worker: Worker, group: "ProcessGroup") -> tuple[str, leases.Lease | None] | None:
    """A trial for this worker, which the leading process claims for all processes of the group."""
    names = job_folder.queue(worker.job) if group.leads else []
    claimed_trial = claim(worker, names) if group.leads else None
    name = group.leaders_item(claimed_trial[0] if claimed_trial else "")
    return (name, claimed_trial[1] if claimed_trial else None) if name else None


def claim(worker: Worker, names: list[str]) -> tuple[str, leases.Lease] | None:
    """A lease on the first open trial; waits while the heartbeat of another worker is late.

    Trials that a worker died of come last, so that a trial which kills its workers does not delay
    the others. A worker whose heartbeat is late either comes back, or counts as dead after a while,
    and its trial is taken over then.
    """
    unfit: dict[str, StoreError] = {}
    while not worker.stop():
        open_ = [n for n in names if n not in unfit and worker.store.result(n) is None]
        died = {name: _died_on(worker.store, name) for name in open_}
        for name in sorted(open_, key=died.__getitem__):
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
        if not any(leases.is_late(worker.store.trial(n), worker.heartbeats) for n in open_):
            return None
        time.sleep(POLL)
    return None


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


def _died_on(store: Store, name: str) -> bool:
    return any(store.trial(name).glob("lease.*")) or bool(store.folder(name).deaths)


def timings(worker: Worker) -> int:
    """One timing session over all arms of the order, unless another is under way or was taken.

    Not before every trial has its result: a timing wants the machine for itself.
    """
    from study import trial

    order, store = worker.order, worker.store
    folder = store.root / "timings" / order.key
    folder.mkdir(parents=True, exist_ok=True)
    if any(store.result(name) is None for name in order.trials):
        return 0
    lease = leases.claim(folder, worker.heartbeats)
    if lease is None:
        return 0
    with lease:
        stored = store.record("timings", order.key, TimingSession)
        if stored is not None and stored.device == order.device:
            return 0
        busy = sum(leases.holder(trial) is not None for trial in (store.root / "trials").glob("*"))
        began, session = time.time(), trial.run_timing_session(order.arms, order, worker.tick)
        more = {
            "began": began,
            "device": order.device,
            "trials_running": busy,
            "environment": trial.environment(order.device),
        }
        store.keep("timings", order.key, session.model_copy(update=more))
    return 0


def evaluations(worker: Worker) -> int:
    """Trained weights on images of other sizes; a size that a model cannot take is kept as such.

    What is missing now, weights or images or memory, may be there another time: it is left out.
    """
    from study import evaluate

    store, device = worker.store, worker.order.device
    for name, size in worker.order.pairs:
        if worker.stop():
            return 0
        lease = leases.claim(store.trial(name), worker.heartbeats)
        if lease is None:
            continue  # another worker is at it
        with lease, suppress(StudyError, MemoryError):
            if store.evaluation(name, size) is not None or store.state(name) != "completed":
                continue
            try:
                metrics: Evaluation = evaluate.trial(store, name, img_size=size, device=device)
            except SizeError as error:
                metrics = Evaluation(metrics={}, refused=str(error))
            store.evaluated(name, size, metrics)
        worker.tick()
    return 0


def steps(worker: Worker) -> int:
    """A few timed training steps of one arm, for the plan's price."""
    from study import trial

    baseline = worker.order.arm
    if baseline is None:
        raise StoreError(f"{worker.job / 'job.json'} names no arm whose steps are to be timed")
    times = trial.step_seconds(baseline, worker.order.device)
    worker.store.keep("timings", worker.order.key, times)
    return 0


TASKS = {"trials": trials, "timings": timings, "evaluations": evaluations, "steps": steps}


# ---- as a process ----


@contextmanager
def _watched(order: Job) -> Iterator[Tick]:
    """A watchdog: without a pulse for `timeout` seconds it prints where the process hangs, and
    ends it. In C, so that it works when Python does not get to run."""
    if order.on == "inline":
        yield idle
        return
    fed = 0.0

    def pulse() -> None:
        nonlocal fed
        if time.monotonic() - fed >= POLL:
            fed = time.monotonic()
            faulthandler.dump_traceback_later(order.timeout, exit=True)  # starts anew at every call

    pulse()
    try:
        yield pulse
    finally:
        faulthandler.cancel_dump_traceback_later()


def main(job: str, task: str) -> int:
    """The process that a supervisor starts: ends with it, and stops when worker to."""
    faulthandler.enable()  # prints the stack when the process crashes
    supervisor = os.getppid()
    _with_parent(signal.SIGKILL)  # nothing is lost yet, and imports take their time
    sys.path.append(os.getcwd())  # the user's plugins may import modules beside them
    worker = Worker(Path(job))
    import study.trial  # noqa: F401  (what takes long to import)

    # Handlers come after the imports: torch takes seconds, in which nothing could react to a stop.
    for number in SIGNALS:
        signal.signal(number, worker.ask_to_stop)
    _with_parent(signal.SIGTERM)
    # The supervisor may have died before prctl was called, which then sends no signal.
    # It may have died before prctl was called, and then no signal comes.
    if os.getppid() != supervisor:
        return 0
    try:
        return work(worker, task)
    except StoreError:
        traceback.print_exc()
        return STORE_FAILED


def _with_parent(number: int) -> None:
    """Ask the kernel for a signal when the supervisor dies: no other process sees this one end."""
    import ctypes

    with suppress(OSError, AttributeError):  # prctl(PR_SET_PDEATHSIG) exists on Linux only
        ctypes.CDLL(None).prctl(1, number)
