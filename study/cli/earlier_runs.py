"""Notes on earlier runs of a study whose workers or trials go on beside a new one."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from study.errors import StudyError
from study.store.states import OPEN

if TYPE_CHECKING:
    from study.plan.plan import Plan
    from study.store.job_records import Budget
    from study.store.store import Store


def notes(plan: "Plan", store: "Store", limit: "Budget | None") -> Iterator[str]:
    """Notes for a run with this budget."""
    yield from _left_alone(plan, store)
    yield from _unlimited(plan, store, limit)


def _left_alone(plan: "Plan", store: "Store") -> Iterator[str]:
    """Notes on open trials of earlier jobs that this study no longer has; they go on."""
    from study.launch import job as job_folder

    ours = {trial.name for trial in plan.trials}
    for folder, job in job_folder.jobs_of(store, plan.study.identity):
        others = [name for name in job_folder.trials(folder, job) if name not in ours]
        states = [store.state(name) for name in others]
        left = sum(state in OPEN for state in states)
        if left and not job_folder.stopped(folder) and _at_work(plan, store):
            yield (
                f"{left} trials of {folder.name} are no longer in this study; they go on "
                "(study cancel stops them)"
            )


def _at_work(plan: "Plan", store: "Store") -> bool:
    """True if a worker of an earlier run waits or works, or Slurm does not say."""
    from study.launch import status

    try:
        return bool(status.active_workers(store, plan.study.identity))
    except StudyError:
        return True


def _unlimited(plan: "Plan", store: "Store", limit: "Budget | None") -> Iterator[str]:
    """A note on workers of earlier runs, which do the same trials and have another budget."""
    from study.launch import job, status

    if limit is None:
        return
    workers = status.active_workers(store, plan.study.identity)
    others = [worker for worker in workers if job.order(worker.job).budget != limit]
    if others:
        yield (
            f"workers of an earlier run ({status.summary(others)}) do the same trials, and this "
            "budget does not stop them (study cancel does)"
        )
