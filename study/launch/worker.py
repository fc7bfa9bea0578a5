"""A worker: claims trials from the store, runs them, and ends when none is left to claim.

The same code in this process, in a process of its own, or as one task of an array.
"""

import os
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from study import leases
from study.errors import SizeError, StoreError, StudyError
from study.store import Record, Store, read

IDLE: Callable[[], None] = lambda: None  # noqa: E731


def work(job: Path, tick: Callable[[], None] = IDLE) -> None:
    """Do what the job folder asks for; `tick` is called at every sign of life."""
    order = read(job / "job.json")
    if order is None:
        raise StoreError(f"{job / 'job.json'} cannot be read")
    leases.sign(job / f"worker.{os.getpid()}")
    if (job / "stop").exists():
        return
    try:
        import torch  # the launcher has set its environment by now

        torch.set_num_threads(order["threads"])
        TASKS[order["task"]](Store(Path(order["store"])), order, job, tick)
    except Exception:
        (job / f"error.{os.getpid()}").write_text(traceback.format_exc())
        raise


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
    """The first trial without a result that nobody works on; those that somebody died on come last,
    so that a trial which kills its worker does not keep the others from theirs."""
    died = {name: any(store.trial(name).glob("lease.*")) for name in names}
    for name in sorted(names, key=died.__getitem__):
        lease = leases.claim(store.trial(name)) if store.result(name) is None else None
        if lease is None:
            continue
        if store.result(name) is None:
            return name, lease
        lease.release()  # finished while we were looking
    return None


def timings(store: Store, order: Record, job: Path, tick: Callable[[], None]) -> None:
    """One timing session over all arms of the order, unless another is under way."""
    from study import run

    folder = store.root / "timings" / order["key"]
    folder.mkdir(parents=True, exist_ok=True)
    lease = leases.claim(folder)
    if lease is None:
        return
    with lease:
        busy = sum(leases.holder(trial) is not None for trial in (store.root / "trials").glob("*"))
        record = {
            "began": time.time(),
            "device": order["device"],
            **run.timed(order["arms"], order, tick),
            "trials_running": busy,
            "environment": run.environment(order["device"]),
        }
        store.keep("timings", order["key"], record)


def evaluations(store: Store, order: Record, job: Path, tick: Callable[[], None]) -> None:
    """Trained weights on images of other sizes; a size that a model cannot take is kept as such.

    What is missing now, weights or images or memory, may be there another time: it is left out.
    """
    from study import evaluation

    for name, size in order["pairs"]:
        with suppress(StudyError, MemoryError):
            try:
                record = evaluation.trial(store, name, img_size=size, device=order["device"])
            except SizeError as error:
                record = {"metrics": {}, "refused": str(error)}
            store.evaluated(name, size, record)
        tick()


def steps(store: Store, order: Record, job: Path, tick: Callable[[], None]) -> None:
    """A few timed training steps of one arm, for the plan's price."""
    from study import run

    timed = run.step_seconds(order["arm"], order["device"])
    store.keep("timings", order["key"], timed)


TASKS = {"trials": trials, "timings": timings, "evaluations": evaluations, "steps": steps}
