"""Growth: a study whose results call for more trials is planned again by its workers.

One worker at a time plans, under a lease in the job folder. What the plan needs is a function of
the study and its results, so it does not matter which worker that is, or how many die of it.
"""

import time
from collections.abc import Sequence
from pathlib import Path

from study.launch import job as job_folder
from study.launch.worker import Worker
from study.plan.measuring import timing_session, unevaluated
from study.plan.plan import Plan
from study.plan.planning import plan as planned
from study.plan.reading import read_again
from study.store import leases, polling
from study.store.job_records import Job
from study.tune import journal


def planned_again(worker: Worker) -> Plan:
    """The study of the worker's job, planned with the results that the store has now."""
    return planned(read_again(worker.order), worker.store)


def may_go_on(worker: Worker, names: Sequence[str], *, waits: bool) -> bool:
    """True if another look for an open trial is worth while, where no trial of `names` was open.

    New results have called for more trials, which are added to the job, or another worker is
    finding that out. With `waits`, also after a second in which others still run trials.
    """
    if not worker.order.text or not worker.may_start():
        return False
    # Before the plan is made: a result that comes in meanwhile calls for another one.
    ended = frozenset(worker.store.endings(names))
    if ended != worker.planned_from:
        lease = leases.claim(_folder(worker), worker.heartbeats)
        if lease is not None:
            with lease:
                added = _add(worker)
            worker.planned_from = ended
            if added:
                return True
    elif not (waits and any(leases.holder(worker.store.trial(n)) for n in names)):
        return False
    time.sleep(polling.WORKERS)
    return True


def _folder(worker: Worker) -> Path:
    folder = worker.job / "growth"
    folder.mkdir(exist_ok=True)
    return folder


def _add(worker: Worker) -> bool:
    """Add the trials that the results call for, and the queue lacks, to the job."""
    # Of all jobs alike, as the workers of an earlier run may have these trials already.
    known = {*job_folder.queue(worker.job)}
    plan = planned_again(worker)
    new = {name: record for name, record in plan.records().items() if name not in known}
    records = job_folder.entered(worker.store, new)
    if records:
        job_folder.add(worker.job, records)
    # After the new trials, which other workers wait for.
    if plan.proposing:
        journal.record(plan.study, plan.proposing, worker.store)
    return bool(records)


def with_measuring(worker: Worker) -> Job | None:
    """The worker's job, with what is to be measured of the arms that the study has by now.

    None while results call for more trials.
    """
    if not worker.order.text:
        return worker.order
    plan = planned_again(worker)
    if any(worker.store.result(name) is None for name in plan.records()):
        return None  # another worker is about to add them
    session = timing_session(plan)
    more = {name: getattr(session, name) for name in session.model_fields_set - {"phases"}}
    return worker.order.model_copy(update={**more, "pairs": unevaluated(plan, worker.store)})
