"""The workers of a study, wherever they are: what they are, and how they are stopped."""

from dataclasses import dataclass
from pathlib import Path

from study.errors import StudyError
from study.launch import command, endings, slurm, unread
from study.launch import job as job_folder
from study.launch.job import Identity
from study.store import holders
from study.store.store import Store


@dataclass(frozen=True)
class StudyWorker:
    job: Path
    where: str
    state: str
    """As squeue has it, RUNNING, or UNKNOWN of one that a command was to start."""
    holder: holders.Holder | None = None
    """The supervisor, where it is a process of this machine."""
    slurm: str = ""
    """Its job on Slurm."""


def active_workers(store: Store, study: Identity) -> list[StudyWorker]:
    """Workers that wait or work for a study: of this machine, and of Slurm.

    Raises:
        StudyError: Slurm does not answer.
    """
    members = []
    for job in jobs(store, study):
        queued = slurm.alive(job)
        members += [
            StudyWorker(job, f"slurm {worker}", state, slurm=worker)
            for worker, state in queued.items()
        ]
        # A worker in a Slurm job is counted by squeue, even on this machine.
        here = [who for who in job_folder.workers(job) if not who.job]
        members += [StudyWorker(job, who.where, "RUNNING", who) for who in here]
        elsewhere = [who for who in command.alive(job).values() if not who.local]
        members += [StudyWorker(job, who.where, "RUNNING") for who in elsewhere]
    return [*members, *_expected(store, study)]


def _expected(store: Store, study: Identity) -> list[StudyWorker]:
    """Workers that a command of the last run was to start, and that have not begun."""
    # A worker that is to stop ends as soon as it begins.
    last = [job for job in jobs(store, study)[-1:] if not job_folder.stopped(job)]
    return [StudyWorker(job, "", "UNKNOWN") for job in last for _ in command.not_begun(job)]


def jobs(store: Store, study: Identity) -> list[Path]:
    """The jobs of a study, oldest first."""
    return [job for job, _ in job_folder.jobs_of(store, study)]


def same_title(store: Store, study: Identity) -> list[Identity]:
    """Other studies that have workers, of the same name or of the same file.

    Raises:
        StudyError: Slurm does not answer.
    """
    studies = dict.fromkeys(job_folder.whose(order) for _, order in job_folder.jobs(store))
    near = [other for other in studies if other != study and set(other) & set(study)]
    return [other for other in near if active_workers(store, other)]


def cancel(store: Store, study: Identity, *, now: bool) -> list[StudyWorker]:
    """Stop the workers of a study: after their step, or at once. Those that wait go at once.

    Whatever was saved is kept, and the study goes on from there when it is run again. Workers of
    other machines that are not on Slurm read the stop file in the job folder.

    Raises:
        StudyError: Slurm does not answer; the others were asked to stop all the same.
    """
    expected = _expected(store, study)
    for job in jobs(store, study):
        job_folder.stop(job)
    workers = [*active_workers(store, study), *expected]
    # A job that waits has no worker that could read the stop file.
    waiting = [worker for worker in workers if worker.state not in ("RUNNING", "SUSPENDED")]
    gone = workers if now else waiting
    if ids := [worker.slurm for worker in gone if worker.slurm]:
        slurm.cancel(ids)
    for worker in workers if now else ():
        if worker.holder is not None:
            endings.end(worker.holder)
    return workers


def summary(workers: list[StudyWorker]) -> str:
    """How many are where, in words."""
    here = sum(worker.holder is not None for worker in workers)
    counted = [f"{here} on this machine"] if here else []
    states = [worker.state.lower() for worker in workers if worker.slurm]
    counts = [f"{states.count(state)} {state}" for state in sorted(set(states))]
    counted += [f"{' and '.join(counts)} on Slurm"] if counts else []
    others = [worker for worker in workers if worker.holder is None and not worker.slurm]
    expected = sum(worker.state == "UNKNOWN" for worker in others)
    counted += [f"{len(others) - expected} elsewhere"] if len(others) > expected else []
    counted += [f"{expected} submitted, not begun (waiting or lost)"] if expected else []
    return ", ".join(counted) or "none"


def state_of(store: Store, study: Identity) -> str:
    """The workers of a study in words; without any, the error of the last ones."""
    try:
        workers = active_workers(store, study)
    except StudyError as error:
        return f"not known: {error}"
    return summary(workers) + ("" if workers else ends(store, study))


def ends(store: Store, study: Identity) -> str:
    """The error of the last workers of a study, from their job folder or from sacct."""
    last = jobs(store, study)[-1:]
    for job in last:
        try:
            job_folder.raise_worker_error(job)
            unread.raise_unread(job, job_folder.order(job))
        except StudyError as error:
            return f"; {error}"
        states = slurm.ended(slurm.submitted(job)).items()
        if bad := [
            f"{worker} {state}" for worker, state in states if not state.startswith("COMPLETED")
        ]:
            return f"; Slurm says: {', '.join(bad)}"
    return ""
