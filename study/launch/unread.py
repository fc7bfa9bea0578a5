"""Jobs that start no further trial, as their first one ended well and left no metric to read.

Where a metric is read is in the study file, and is the same for every trial: the others would run
to their ends for nothing. A trial that has its metrics shows that the file is right.
"""

from pathlib import Path

from study.errors import StudyError
from study.launch import job as job_folder
from study.launch import spending
from study.store.atomic import create, encoded
from study.store.heartbeats import Heartbeats
from study.store.job_records import Job, Unread
from study.store.states import DONE
from study.store.store import Store

RECORD = "unread.json"


class UnreadMetricError(StudyError):
    """No trial of a run has a metric where its study file says that programs leave it."""

    def __init__(self, message: str, *, metric: str, trial: str) -> None:
        super().__init__(message)
        self.metric, self.trial = metric, trial


def note(job: Path, trial: str, metric: str) -> None:
    """Write into every job with this trial that it has left no value of a metric."""
    # A worker of one job also runs the trials of later ones, which have folders of their own.
    others = (folder for folder in job_folder.alike(job) if trial in job_folder.trials(folder))
    for folder in {job, *others}:
        create(folder / RECORD, encoded(Unread(trial=trial, metric=metric).plain))


def is_unread(job: Path, order: Job) -> bool:
    """True if a trial of the job left no metric, and none of its study has ever left one."""
    if order.has_results or not (job / RECORD).exists():
        return False
    store = Store(Path(order.store))
    results = map(store.result, job_folder.trials(job, order))
    return not any(result and result.state in DONE for result in results)


def starts_no_more(job: Path, order: Job, heartbeats: Heartbeats | None = None) -> bool:
    """True if the workers of a job start no further trial, for a budget or for this."""
    return spending.is_spent(job, order, heartbeats) or is_unread(job, order)


def raise_unread(job: Path, order: Job) -> None:
    """Raise the error of a job whose first trial left no metric.

    Raises:
        UnreadMetricError: it is such a job.
    """
    unread = Unread.look(job / RECORD)
    if unread is not None and is_unread(job, order):
        result = Store(Path(order.store)).result(unread.trial)
        error = (result.error if result else None) or f"no value of {unread.metric}"
        raise UnreadMetricError(error, metric=unread.metric, trial=unread.trial)
