"""A worker that something else than this package has started: it knows its job folder alone."""

import os
import socket
import time
from contextlib import suppress
from pathlib import Path

from study.errors import StoreError
from study.launch import job as job_folder
from study.launch import slots, supervisor
from study.launch.command import WORKERS
from study.launch.machine import AUTO, gpus, own_device
from study.store import leases, polling
from study.store.heartbeats import Heartbeats
from study.store.job_folder import SETTINGS
from study.store.job_records import Job


def run(job: Path, index: str) -> int:
    """Run the trials of a job until none is open; the exit status of a supervisor.

    `index` is the number of the worker in its job; "" for one that no run has asked for.

    Raises:
        StoreError: there is no such job on this machine, or it is not the user's own.
            Or this machine has fewer GPUs than a trial needs.
    """
    host, name = socket.gethostname(), f"{socket.gethostname()}-{os.getpid()}"
    if not (job / SETTINGS).is_file():
        raise StoreError(f"{job} is no job folder on {host}; a worker needs a machine that sees it")
    order = job_folder.order(job)
    _go_to(order)
    with _signed(job, index or name):
        try:
            slot = _slot(job, order)
        except StoreError as error:
            # A run that waits elsewhere reads it, whatever becomes of this output.
            (job / f"error.{name}").write_text(str(error))
            raise
        if slot is None:
            return 0
        if slot.devices:
            os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(slot.devices)
        # The slot's locks are held until this process ends.
        return supervisor.main(str(job))


def _go_to(order: Job) -> None:
    """Take the folder and the PATH of the shell that asked for the job: a worker has its own."""
    if order.search_path:
        paths = (order.search_path, os.environ.get("PATH", os.defpath))
        os.environ["PATH"] = os.pathsep.join(paths)
    if order.request:
        # A phase of a job that needs files of a folder which is not here fails by itself.
        with suppress(OSError):
            os.chdir(order.request.folder)


def _signed(job: Path, name: str) -> leases.Lease:
    """A lease that says that this worker has begun, and lives."""
    while True:
        place = job / WORKERS / name
        place.mkdir(parents=True, exist_ok=True)
        if lease := leases.claim(place):
            return lease
        # One command may start several workers, all with the same words.
        name = f"{name}.{socket.gethostname()}-{os.getpid()}"


def _slot(job: Path, order: Job) -> slots.Slot | None:
    """A slot of this machine; None if nothing is left to do before one is free."""
    device = own_device(order.on) if order.device == AUTO else order.device
    if device != "cuda":
        return slots.Slot(())
    if len(gpus()) < order.devices:
        has = f"{socket.gethostname()} has {len(gpus())}"
        raise StoreError(f"a trial needs GPUs, {order.devices} of them, and {has}")
    wanted, heartbeats = order.model_copy(update={"device": device}), Heartbeats()
    while (slot := slots.free_slot(wanted, 1)) is None:
        over = "trials" in order.phases and not job_folder.open_trials(job, heartbeats)
        if over or job_folder.stopped(job):
            return None
        time.sleep(polling.WORKERS)
    return slot
