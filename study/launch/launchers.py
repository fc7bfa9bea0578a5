"""Launchers: where workers run.

Contract: launcher(job, machine, workers=..., tick=...) starts workers on the job folder, calls
`tick` while it waits for them, and returns when there is nothing more for it to do. Nothing comes
back through it: the store has it.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from study.errors import StoreError
from study.launch import job as job_folder
from study.launch import slots, snapshot, unread
from study.launch.command import command
from study.launch.endings import kill
from study.launch.machine import Machine
from study.launch.phases import work
from study.launch.slurm import slurm
from study.launch.worker import STORE_FAILED, Worker
from study.store import polling
from study.store.heartbeats import Heartbeats
from study.store.store import Store


class Launcher(Protocol):
    def __call__(
        self, job: Path, machine: Machine, *, workers: int, tick: Callable[[], None]
    ) -> None: ...


def inline(job: Path, machine: Machine, *, workers: int, tick: Callable[[], None]) -> None:
    """In this process, one trial after another: for debugging, and where nothing may be started."""
    state = Worker(job, tick)
    for phase in state.order.phases:
        work(state, phase)


def local(job: Path, machine: Machine, *, workers: int, tick: Callable[[], None]) -> None:
    """In processes of this machine, as many as there are free slots, each in a session of its own.

    Not submitit's executor: that starts all at once, into the terminal's process group, shows each
    the same GPU, and calls a crash "finished".

    Raises:
        StoreError: the workers cannot write to the store.
    """
    order, heartbeats, children = (
        job_folder.order(job),
        Heartbeats(),
        list[subprocess.Popen[bytes]](),
    )

    def left() -> bool:
        if order.phases == ["trials"]:
            return bool(job_folder.open_trials(job, heartbeats))
        return not children

    try:
        while True:
            alive = [child for child in children if child.poll() is None]
            ending = (
                job_folder.stopped(job)
                or unread.starts_no_more(job, order, heartbeats)
                or any((child.poll() or 0) > 0 for child in children)
            )
            more = not ending and len(alive) < workers and left()
            slot = slots.free_slot(order, workers) if more else None
            if slot is not None:
                children.append(_started(job, slot))
                continue
            tick()
            if not alive and not more:
                break
            time.sleep(polling.EVENTS)
    except KeyboardInterrupt:
        kill(job)
        raise
    if STORE_FAILED in [child.returncode for child in children]:
        raise StoreError(job_folder.unwritable(Store(Path(order.store))))


def _started(job: Path, slot: slots.Slot) -> "subprocess.Popen[bytes]":
    """A supervisor that occupies a slot."""
    devices = {"CUDA_VISIBLE_DEVICES": ",".join(slot.devices)} if slot.devices else {}
    with (job / "logs" / "supervisors.log").open("ab") as log:
        started = subprocess.Popen(
            [sys.executable, "-m", "study.launch", "supervisor", str(job)],
            # The copy of the package in the job folder, and only the GPUs of this slot.
            env={**os.environ, **snapshot.environment(job), **devices},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # Ctrl-C in the terminal goes to this process alone, which asks the workers to stop.
            start_new_session=True,
            pass_fds=slot.locks,  # flock belongs to the open file, so the child holds it, too
        )
    slot.close()  # the child keeps the locks until it ends
    return started


LAUNCHERS: dict[str, Launcher] = {
    "inline": inline,
    "local": local,
    "slurm": slurm,
    "command": command,
}
