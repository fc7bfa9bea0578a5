"""From a plan to workers, and what the user sees of them."""

import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

from study.errors import StoreError
from study.launch import job as orders
from study.launch import slurm
from study.launch.events import Event, Watch
from study.launch.launchers import LAUNCHERS
from study.launch.machine import Machine
from study.store import leases
from study.store.atomic import warn_once
from study.store.job_records import Work
from study.store.records import TrialRecord
from study.store.store import Store

RESTARTS = 3  # times that workers come to nothing before the study is left incomplete

__all__ = ["LAUNCHERS", "Event", "Machine", "Watch", "run", "task"]


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
    """
    trials = _entered(store, trials)
    work = work.model_copy(update={"trials": list(trials)})
    job = orders.job(store, work, machine, trials)
    watch, told = Watch(store, list(trials)), list[str]()

    def tick() -> None:
        if new := slurm.submitted(job)[len(told) :]:
            told.extend(new)
            submitted(new)
        if events := watch.look():
            report(events)

    idle, remote = 0, machine.on == "slurm"
    with nullcontext() if remote else _interruptible(store, job, stopping):
        while idle <= RESTARTS:
            workers = min(machine.workers, max(1, len(watch.open)))
            LAUNCHERS[machine.on](job, machine, workers=workers, tick=tick)
            tick()
            if orders.stopped(job) or not watch.open or (remote and not machine.wait):
                return orders.stopped(job)
            orders.blame(job)
            # Workers of an earlier call, or of another node, may go on; others have died of all.
            idle = 0 if _at_work(store, watch) else idle + 1
            time.sleep(1.0)
    return False


def _entered(store: Store, trials: Mapping[str, TrialRecord]) -> dict[str, TrialRecord]:
    """The trials that could be entered in the store; of the others it is told.

    Raises:
        StoreError: none could be.
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


def task(store: Store, work: Work, machine: Machine) -> None:
    """Have one task done by one worker, in a process of its own unless all is inline.

    Raises:
        StudyError: the worker came to grief.
    """
    alone = replace(machine, devices=1, nodes=1, share=1, wait=True)
    job = orders.job(store, work, alone)
    LAUNCHERS[machine.on](job, alone, workers=1, tick=lambda: None)
    orders.blame(job)


def _at_work(store: Store, watch: Watch) -> bool:
    return any(leases.holder(store.trial(name), watch.hearts) for name in watch.open)


@contextmanager
def _interruptible(store: Store, job: Path, stopping: Callable[[], None]) -> Iterator[None]:
    """The first Ctrl-C asks the workers to stop after their step, the second ends them now."""

    def interrupt(number: int, frame: object) -> None:
        if orders.stopped(job):
            raise KeyboardInterrupt
        for other, _ in orders.of(store, orders.whose(orders.order(job))):
            orders.stop(other)
        stopping()

    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, interrupt) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
