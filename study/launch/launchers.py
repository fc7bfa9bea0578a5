"""Launchers: where workers run.

Contract: launcher(job, machine, workers=..., tick=...) starts workers on the job folder, calls
`tick` while it waits for them, and returns when there is nothing more for it to do. Nothing comes
back through it: the store has it.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from study.errors import StoreError
from study.launch import job as orders
from study.launch import slots, snapshot, worker
from study.launch.machine import Machine
from study.launch.slurm import slurm
from study.store import leases
from study.store.store import Store

POLL = 0.5  # seconds between two looks at the store


class Launcher(Protocol):
    def __call__(
        self, job: Path, machine: Machine, *, workers: int, tick: Callable[[], None]
    ) -> None: ...


def inline(job: Path, machine: Machine, *, workers: int, tick: Callable[[], None]) -> None:
    """In this process, one trial after another: for debugging, and where nothing may be started."""
    asked = worker.Orders(job, tick)
    for task in asked.order.tasks:
        worker.work(asked, task)


def local(job: Path, machine: Machine, *, workers: int, tick: Callable[[], None]) -> None:
    """In processes of this machine, as many as there are free slots, each in a session of its own.

    Not submitit's executor: that starts all at once, into the terminal's process group, shows each
    the same GPU, and calls a crash "finished".

    Raises:
        StoreError: workers can write no more.
    """
    order, hearts, crew = orders.order(job), leases.Heartbeats(), list[subprocess.Popen[bytes]]()

    def left() -> bool:
        if order.tasks == ["trials"]:
            return bool(orders.open_trials(job, hearts))
        return not crew

    try:
        while True:
            alive = [one for one in crew if one.poll() is None]
            ending = orders.stopped(job) or any((one.poll() or 0) > 0 for one in crew)
            more = not ending and len(alive) < workers and left()
            slot = slots.free_slot(order, workers) if more else None
            if slot is not None:
                crew.append(_started(job, slot))
                continue
            tick()
            if not alive and not more:
                break
            time.sleep(POLL)
    except KeyboardInterrupt:
        kill(job)
        raise
    if worker.STORE_FAILED in [one.returncode for one in crew]:
        raise StoreError(orders.unwritable(Store(Path(order.store))))


def _started(job: Path, slot: slots.Slot) -> "subprocess.Popen[bytes]":
    """A supervisor that occupies a slot."""
    devices = {"CUDA_VISIBLE_DEVICES": ",".join(slot.devices)} if slot.devices else {}
    with (job / "logs" / "supervisors.log").open("ab") as log:
        started = subprocess.Popen(
            [sys.executable, "-m", "study.launch", "supervisor", str(job)],
            env={**os.environ, **snapshot.environment(job), **devices},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=slot.locks,
        )
    slot.close()
    return started


def kill(job: Path) -> None:
    """End the workers of a job at once; their trials resume from what was saved last."""
    with suppress(OSError):
        orders.stop(job)  # for those that are still starting
    for who in orders.workers(job):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(who.pid, signal.SIGKILL)


LAUNCHERS: dict[str, Launcher] = {"inline": inline, "local": local, "slurm": slurm}
