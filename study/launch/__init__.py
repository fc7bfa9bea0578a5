"""From a plan to workers, and what the user sees of them."""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

from study.errors import StudyError
from study.launch import command, slurm, spending, unread
from study.launch import job as job_folder
from study.launch.events import Event, Watch
from study.launch.launchers import LAUNCHERS
from study.launch.machine import Machine
from study.store import leases, polling
from study.store.job_records import Work
from study.store.records import TrialRecord
from study.store.store import Store

RESTARTS = 3  # rounds in which no worker stays alive before the study is left incomplete

__all__ = ["LAUNCHERS", "Event", "Machine", "Watch", "run", "run_phase"]


def run(
    store: Store,
    trials: Mapping[str, TrialRecord],
    machine: Machine,
    work: Work,
    *,
    report: Callable[[Sequence[Event]], None],
    stopping: Callable[[], None],
    submitted: Callable[[Sequence[str]], None],
) -> bool:
    """Run the trials until each has a result; True when the user asked to stop.

    `trials` maps a name to the record that is entered in the store. Failed ones are tried again.
    `work` says of what study they are, and what is to be done after them. On Slurm it returns when
    the workers are `submitted`, unless the machine says to wait; Ctrl-C stops the waiting alone.

    Raises:
        UnreadMetricError: the first trial ended well, and left no metric to read.
    """
    if work.starts_processes and machine.nodes > 1:
        raise StudyError("trials of this task start their processes themselves, on one node")
    # Before the job exists, since workers read the store as soon as they start.
    trials = job_folder.entered(store, trials)
    work = work.model_copy(update={"trials": list(trials)})
    job = job_folder.create_job(store, work, machine, trials)
    order, watch = job_folder.order(job), Watch(store, list(trials))
    tick = _ticker(job, watch, report, submitted)
    idle, remote = 0, machine.on == "slurm"
    with nullcontext() if remote else _interruptible(store, job, stopping):
        while idle <= RESTARTS:
            # More workers than open trials would start, find nothing and end.
            most = machine.workers if work.text else max(1, len(watch.open))
            workers = min(machine.workers, most)
            with _stopped_if_unused(job, remote=machine.on in ("slurm", "command")):
                LAUNCHERS[machine.on](job, machine, workers=workers, tick=tick)
            tick()
            if job_folder.stopped(job) or not watch.open or (remote and not machine.wait):
                return job_folder.stopped(job)
            job_folder.raise_worker_error(job)
            unread.raise_unread(job, order)
            if spending.is_spent(job, order, watch.heartbeats):
                return False
            # Workers of an earlier call, or of another node, may still run; if not, all have died.
            idle = 0 if _at_work(store, watch) else idle + 1
            # Between two rounds, so that failing workers do not start in a loop.
            time.sleep(polling.WORKERS)
    return False


@contextmanager
def _stopped_if_unused(job: Path, *, remote: bool) -> Iterator[None]:
    """Stop a job whose submission fails, so that no worker of another run does its trials."""
    try:
        yield
    except StudyError:
        if remote and not (slurm.submitted(job) or command.submitted(job)):
            job_folder.stop(job)
        raise


def _ticker(
    job: Path,
    watch: Watch,
    report: Callable[[Sequence[Event]], None],
    submitted: Callable[[Sequence[str]], None],
) -> Callable[[], None]:
    """A function that reports what has changed since it was called last."""
    announced = list[str]()

    def tick() -> None:
        if new := [*slurm.submitted(job), *command.submitted(job)][len(announced) :]:
            announced.extend(new)
            submitted(new)
        watch.add(job_folder.trials(job))
        if events := watch.look():
            report(events)

    return tick


def run_phase(
    store: Store, work: Work, machine: Machine, tick: Callable[[], None] = lambda: None
) -> None:
    """Run one phase by one worker, in a separate process unless the launcher is inline.

    `tick` is called while it runs.

    Raises:
        StudyError: the worker failed.
    """
    alone = replace(machine, devices=1, nodes=1, share=1, wait=True)
    job = job_folder.create_job(store, work, alone)
    with _terminable():
        LAUNCHERS[machine.on](job, alone, workers=1, tick=tick)
    job_folder.raise_worker_error(job)


def _at_work(store: Store, watch: Watch) -> bool:
    return any(leases.holder(store.trial(name), watch.heartbeats) for name in watch.open)


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM ends the worker as Ctrl-C does; left alone, the worker would go on unseen."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Python sets handlers in the main thread alone
        return

    def terminate(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _interruptible(store: Store, job: Path, stopping: Callable[[], None]) -> Iterator[None]:
    """The first Ctrl-C asks the workers to stop after their step, the second ends them now."""

    if threading.current_thread() is not threading.main_thread():
        yield  # of a notebook or a server: Python sets handlers in the main thread alone
        return

    def interrupt(number: int, frame: object) -> None:
        if job_folder.stopped(job):
            raise KeyboardInterrupt
        # All jobs of the study, since workers of an earlier call may run the same trials.
        for other, _ in job_folder.jobs_of(store, job_folder.whose(job_folder.order(job))):
            job_folder.stop(other)
        stopping()

    # SIGTERM as well: batch systems and `timeout` send it.
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, interrupt) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
