"""A worker: claims trials from the store, runs them, and ends when none is left to claim.

The same code in this process, in a process of its own, or as one task of an array.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

from study import leases
from study.errors import StoreError
from study.store import Record, Store, read

IDLE: Callable[[], None] = lambda: None  # noqa: E731


def work(job: Path, tick: Callable[[], None] = IDLE) -> None:
    """Do what the job folder asks for; `tick` is called at every sign of life."""
    order = read(job / "job.json")
    if order is None:
        raise StoreError(f"{job / 'job.json'} cannot be read")
    (job / f"worker.{os.getpid()}").touch()
    import torch  # the launcher has set its environment by now

    torch.set_num_threads(order["threads"])
    store = Store(Path(order["store"]))
    TASKS[order["task"]](store, order, job, tick)


def trials(store: Store, order: Record, job: Path, tick: Callable[[], None]) -> None:
    """Claim and run trials until none is left that nobody works on."""
    from study import run, train

    def stop() -> bool:
        return (job / "stop").exists()

    def beat(row: Record) -> None:
        tick()

    while not stop() and (claimed := claim(store, order["trials"])):
        name, lease = claimed
        tick()
        with lease:
            try:
                run.trial(store, name, lease, device=order["device"], stop=stop, report=beat)
            except train.Stopped:
                return
        tick()


def claim(store: Store, names: list[str]) -> tuple[str, leases.Lease] | None:
    """The first trial without a result that nobody works on."""
    for name in names:
        lease = leases.claim(store.trial(name)) if store.result(name) is None else None
        if lease is None:
            continue
        if store.result(name) is None:
            return name, lease
        lease.release()  # finished while we were looking
    return None


def timings(store: Store, order: Record, job: Path, tick: Callable[[], None]) -> None:
    """One timing session over all arms of the order, alone on the device."""
    from study import run

    began = time.time()
    record = {
        **run.timed(order["arms"], order["device"], tick),
        "began": began,
        "seconds": time.time() - began,
        "environment": run.environment(order["device"]),
    }
    store.keep("timings", order["key"], record)


def steps(store: Store, order: Record, job: Path, tick: Callable[[], None]) -> None:
    """A few timed training steps of one arm, for the plan's price."""
    from study import run

    timed = run.step_seconds(order["arm"], order["device"])
    store.keep("timings", order["key"], timed)


TASKS = {"trials": trials, "timings": timings, "steps": steps}
