"""The workers of a study, wherever they are: what they are, and how they are stopped."""

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from study.errors import StudyError
from study.launch import job as orders
from study.launch import slurm
from study.launch.job import Identity
from study.store import leases
from study.store.store import Store


@dataclass(frozen=True)
class StudyWorker:
    job: Path
    where: str
    state: str
    """As squeue has it, or RUNNING."""
    holder: leases.Holder | None = None
    """The supervisor, where it is a process of this machine."""


def active_workers(store: Store, study: Identity) -> list[StudyWorker]:
    """Workers that wait or work for a study: of this machine, and of Slurm.

    Raises:
        StudyError: Slurm does not answer.
    """
    found = []
    for job in jobs(store, study):
        queued = slurm.alive(job)
        found += [StudyWorker(job, f"slurm {one}", state) for one, state in queued.items()]
        here = [who for who in orders.workers(job) if not who.job]
        found += [StudyWorker(job, who.where, "RUNNING", who) for who in here]
    return found


def jobs(store: Store, study: Identity) -> list[Path]:
    """The jobs of a study, oldest first."""
    return [job for job, _ in orders.of(store, study)]


def same_title(store: Store, study: Identity) -> list[Identity]:
    """Other studies that have workers, of the same name or of the same file.

    Raises:
        StudyError: Slurm does not answer.
    """
    known = dict.fromkeys(orders.whose(order) for _, order in orders.jobs(store))
    near = [other for other in known if other != study and set(other) & set(study)]
    return [other for other in near if active_workers(store, other)]


def cancel(store: Store, study: Identity, *, now: bool) -> list[StudyWorker]:
    """Stop the workers of a study: after their step, or at once. Those that wait go at once.

    Whatever was saved is kept, and the study goes on from there when it is run again. Workers of
    other machines that are not on Slurm find the word in the job folder.

    Raises:
        StudyError: Slurm does not answer; the others were asked to stop all the same.
    """
    for job in jobs(store, study):
        orders.stop(job)
    workers = active_workers(store, study)
    waiting = [one for one in workers if one.state not in ("RUNNING", "SUSPENDED")]
    gone = workers if now else waiting
    if ids := [one.where.removeprefix("slurm ") for one in gone if one.holder is None]:
        slurm.cancel(ids)
    for one in workers if now else ():
        if one.holder is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(one.holder.pid, signal.SIGKILL)
    return workers


def summary(workers: list[StudyWorker]) -> str:
    """How many are where, in words."""
    here = sum(one.holder is not None for one in workers)
    said = [f"{here} on this machine"] if here else []
    states = [one.state.lower() for one in workers if one.holder is None]
    counts = [f"{states.count(state)} {state}" for state in sorted(set(states))]
    said += [f"{' and '.join(counts)} on Slurm"] if counts else []
    return ", ".join(said) or "none"


def state_of(store: Store, study: Identity) -> str:
    """The same for a study; where there are none, how the last came to grief, if they did."""
    try:
        workers = active_workers(store, study)
    except StudyError as error:
        return f"not known: {error}"
    return summary(workers) + ("" if workers else ends(store, study))


def ends(store: Store, study: Identity) -> str:
    """What the last workers of a study came to grief by: what they left word of, or sacct says."""
    last = jobs(store, study)[-1:]
    for job in last:
        try:
            orders.blame(job)
        except StudyError as error:
            return f"; {error}"
        states = slurm.ended(slurm.submitted(job)).items()
        if bad := [f"{one} {state}" for one, state in states if not state.startswith("COMPLETED")]:
            return f"; Slurm says: {', '.join(bad)}"
    return ""
