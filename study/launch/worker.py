"""A worker: claims trials from the store, runs them, and ends when none is left to claim.

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
from study.launch import job as orders
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


class Orders:
    """A job as its worker sees it: what is asked, and whether to stop."""

    def __init__(self, job: Path, tick: Tick = idle) -> None:
        """`tick` is called at every sign of life."""
        self.job, self.tick = job, tick
        self.order = orders.order(job)
        if self.order.device == AUTO:
            self.order = self.order.model_copy(update={"device": allocated_device()})
        self.store = Store(Path(self.order.store))
        self.hearts = leases.Heartbeats()
        self._asked, self._looked = False, 0.0

    def ask_to_stop(self, number: int = 0, frame: object = None) -> None:
        self._asked = True

    def stop(self) -> bool:
        """Cheap enough to be asked at every step."""
        now = time.monotonic()
        if not self._asked and now - self._looked >= POLL:
            self._looked = now
            self._asked = orders.stopped(self.job)
        return self._asked


def work(asked: Orders, task: str) -> int:
    """Do one task of a job: 0, or AGAIN where a group has broken up."""
    if asked.stop():
        return 0
    import torch  # the launcher has set its environment by now

    torch.set_num_threads(asked.order.threads)
    return TASKS[task](asked)


# ---- tasks ----


def trials(asked: Orders) -> int:
    """Claim and run trials until none is left that nobody works on."""
    from study import train, trial

    with train.joined(asked.order.device) as group, _watched(asked.order) as pulse:
        while claimed := _claimed(asked, group):
            name, lease = claimed
            asked.tick()
            try:
                trial.run_trial(
                    asked.store,
                    name,
                    lease,
                    record=orders.record(asked.job, name) if group.leads else None,
                    device=asked.order.device,
                    stop=asked.stop,
                    pulse=pulse,
                    report=lambda row: asked.tick(),
                    group=group,
                )
            except train.Stopped:
                pass  # we were asked to, or another has taken the trial over
            except Exception:
                if lease is not None:
                    raise  # and leave the lease, which says of what this process died
                traceback.print_exc()
                return REQUEUE_STATUS  # the leader has died, or knows
            if lease is not None:
                lease.release()
            asked.tick()
            if not group.whole:
                return REQUEUE_STATUS
    return 0


def _claimed(asked: Orders, group: "ProcessGroup") -> tuple[str, leases.Lease | None] | None:
    """A trial for this worker: the leading process claims it, the others are told its name."""
    names = orders.queue(asked.job) if group.leads else []
    found = claim(asked, names) if group.leads else None
    name = group.leaders_item(found[0] if found else "")
    return (name, found[1] if found else None) if name else None


def claim(asked: Orders, names: list[str]) -> tuple[str, leases.Lease] | None:
    """The first trial without a result that nobody works on, waiting for hearts that falter.

    Those that somebody died on come last, so that a trial which kills its worker does not keep the
    others from theirs. A holder that has not been heard of lately is either dead, and his trial is
    taken over when that is certain, or comes back.
    """
    unfit: dict[str, StoreError] = {}
    while not asked.stop():
        open_ = [n for n in names if n not in unfit and asked.store.result(n) is None]
        died = {name: _died_on(asked.store, name) for name in open_}
        for name in sorted(open_, key=died.__getitem__):
            try:
                lease = _leased(asked, name)
            except UnfitError as error:
                warn_once(f"{error}: this trial is passed over")
                unfit[name] = error
                continue
            if lease is not None:
                return name, lease
        if unfit and len(unfit) == len(names):
            raise StoreError(str(unfit[names[0]]))
        if not any(leases.is_late(asked.store.trial(n), asked.hearts) for n in open_):
            return None
        time.sleep(POLL)
    return None


class UnfitError(StoreError):
    """The files of a trial keep it from being run; others are run."""


def _leased(asked: Orders, name: str) -> leases.Lease | None:
    """A lease on a trial; None where somebody else has one, or it is finished.

    Raises:
        UnfitError: what is in its folder is in the way.
        StoreError: the store cannot be written.
    """
    store = asked.store
    try:
        lease = leases.claim(store.trial(name), asked.hearts, asked.job.name)
    except OSError as error:
        why = f"no lease can be made in {store.trial(name)}: {error.strerror}"
        kind = UnfitError if error.errno in UNFIT else StoreError
        raise kind(why) from error
    if lease is None:
        return None
    try:
        _refuse_unfit(store, name)
        finished = store.result(name) is not None  # while we were looking
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


def timings(asked: Orders) -> int:
    """One timing session over all arms of the order, unless another is under way or was taken.

    Not before every trial has its result: a timing wants the machine for itself.
    """
    from study import trial

    order, store = asked.order, asked.store
    folder = store.root / "timings" / order.key
    folder.mkdir(parents=True, exist_ok=True)
    if any(store.result(name) is None for name in order.trials):
        return 0
    lease = leases.claim(folder, asked.hearts)
    if lease is None:
        return 0
    with lease:
        kept = store.kept("timings", order.key, TimingSession)
        if kept is not None and kept.device == order.device:
            return 0
        busy = sum(leases.holder(trial) is not None for trial in (store.root / "trials").glob("*"))
        began, session = time.time(), trial.run_timing_session(order.arms, order, asked.tick)
        more = {
            "began": began,
            "device": order.device,
            "trials_running": busy,
            "environment": trial.environment(order.device),
        }
        store.keep("timings", order.key, session.model_copy(update=more))
    return 0


def evaluations(asked: Orders) -> int:
    """Trained weights on images of other sizes; a size that a model cannot take is kept as such.

    What is missing now, weights or images or memory, may be there another time: it is left out.
    """
    from study import evaluate

    store, device = asked.store, asked.order.device
    for name, size in asked.order.pairs:
        if asked.stop():
            return 0
        lease = leases.claim(store.trial(name), asked.hearts)
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
        asked.tick()
    return 0


def steps(asked: Orders) -> int:
    """A few timed training steps of one arm, for the plan's price."""
    from study import trial

    baseline = asked.order.arm
    if baseline is None:
        raise StoreError(f"{asked.job / 'job.json'} names no arm whose steps are to be timed")
    times = trial.step_seconds(baseline, asked.order.device)
    asked.store.keep("timings", asked.order.key, times)
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
            faulthandler.dump_traceback_later(order.timeout, exit=True)

    pulse()
    try:
        yield pulse
    finally:
        faulthandler.cancel_dump_traceback_later()


def main(job: str, task: str) -> int:
    """The process that a supervisor starts: ends with it, and stops when asked to."""
    faulthandler.enable()
    supervisor = os.getppid()
    _with_parent(signal.SIGKILL)  # nothing is lost yet, and imports take their time
    sys.path.append(os.getcwd())  # where parts of the user's own may look for their neighbours
    asked = Orders(Path(job))
    import study.trial  # noqa: F401  (what takes long to import)

    for number in SIGNALS:
        signal.signal(number, asked.ask_to_stop)
    _with_parent(signal.SIGTERM)
    if os.getppid() != supervisor:
        return 0
    try:
        return work(asked, task)
    except StoreError:
        traceback.print_exc()
        return STORE_FAILED


def _with_parent(number: int) -> None:
    """Get a signal when the supervisor is killed: nobody would know how this process ends."""
    import ctypes

    with suppress(OSError, AttributeError):  # of Linux alone
        ctypes.CDLL(None).prctl(1, number)
