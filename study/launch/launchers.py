"""Launchers: where workers run.

Contract: launcher(job, workers=..., tick=...) starts workers on the job folder, calls `tick` while
they live, and returns when the last has ended. Nothing comes back through it: the store has it.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from study import leases
from study.launch import worker
from study.launch.machine import gpus
from study.store import Record, read

POLL = 0.5  # seconds between two looks at the store

# Large activations are otherwise mapped and unmapped at every step: measured 1.2x in training, 1.7x
# in inference at batch 32 on CPU. Spinning threads steal the cores of other trials.
ALLOCATOR = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(8 << 30),
    "MALLOC_TOP_PAD_": str(64 << 20),
    "OMP_WAIT_POLICY": "PASSIVE",
}


class Launcher(Protocol):
    def __call__(self, job: Path, *, workers: int, tick: Callable[[], None]) -> None: ...


def inline(job: Path, *, workers: int, tick: Callable[[], None]) -> None:
    """In this process, one trial after another: for debugging, and where nothing may be started."""
    worker.work(job, tick)


def local(job: Path, *, workers: int, tick: Callable[[], None]) -> None:
    """In processes of this machine, through submitit's local executor."""
    import submitit

    order = read(job / "job.json") or {}
    executor = submitit.LocalExecutor(folder=job / "logs")
    jobs = []
    with _environment(order.get("threads", 1)), _deaf():
        for index in range(workers):  # submitit starts all it is given at once: one per worker
            executor.update_parameters(timeout_min=60 * 24 * 365, **_devices(order, index))
            jobs.append(executor.submit(worker.work, job))
    try:
        while not all(started.done() for started in jobs):
            tick()
            time.sleep(POLL)
    except KeyboardInterrupt:
        kill(job)
        raise


def kill(job: Path) -> None:
    """End the workers of a job at once; their trials resume from their last epoch."""
    (job / "stop").touch()  # for those that are still starting
    for who in map(leases.signed, job.glob("worker.*")):
        if who and who.local and not who.gone:
            with suppress(ProcessLookupError):
                os.kill(who.pid, signal.SIGKILL)


def _devices(order: Record, index: int) -> dict[str, Any]:
    """One GPU for each worker in turn; without this submitit hides them all."""
    devices = gpus() if order.get("device") == "cuda" else []
    return {"gpus_per_node": 1, "visible_gpus": [devices[index % len(devices)]]} if devices else {}


@contextmanager
def _environment(threads: int) -> Iterator[None]:
    """Children start with these variables; what is set already stays."""
    counts = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    before = dict(os.environ)
    os.environ.update({**ALLOCATOR, **before, **counts})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _deaf() -> Iterator[None]:
    """Children ignore Ctrl-C, which a terminal sends to the whole group: the first one is ours."""
    try:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # not in the main thread, where no Ctrl-C arrives
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


LAUNCHERS: dict[str, Launcher] = {"inline": inline, "local": local}
