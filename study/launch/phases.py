"""The phases of a job: run trials, evaluate at other sizes, time arms, time steps."""

import faulthandler
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from study import tasks
from study.errors import SizeError, StoreError, StudyError
from study.launch import growth, spending, unread
from study.launch import job as job_folder
from study.launch.worker import REQUEUE_STATUS, Tick, Worker, claim, idle
from study.store import leases, polling
from study.store.atomic import write
from study.store.job_records import Job
from study.store.records import Evaluation
from study.store.sessions import keep_session
from study.store.timing_records import ROUNDS, Rounds, TimingSession
from study.trial.callbacks import Stopped
from study.trial.environment import environment
from study.trial.group import Group
from study.trial.run import run_trial
from study.tune import stopping


def work(worker: Worker, phase: str) -> int:
    """Do one phase of a job: the exit status is 0, or REQUEUE_STATUS if its group broke up."""
    if worker.stop():
        return 0
    worker.task.prepare(worker.order.threads)
    return PHASES[phase](worker)


def trials(worker: Worker) -> int:
    """Claim and run trials until every open one belongs to another worker."""
    task = worker.task
    with task.joined(worker.order.device) as group, _watched(worker.order) as pulse:
        while claimed := _claimed(worker, group, pulse):
            name, lease = claimed
            worker.tick()
            # The leading process counts for its group.
            spent = spending.counted(worker.job, worker.order) if group.leads else nullcontext()
            record = job_folder.record(worker.job, name) if group.leads else None
            try:
                with spent:
                    run_trial(
                        task.run,
                        worker.store,
                        name,
                        lease=lease,
                        record=record,
                        device=worker.order.device,
                        stop=worker.stop,
                        pulse=pulse,
                        report=lambda row: worker.tick(),
                        group=group,
                        known=worker.order.known,
                        ends_early=stopping.rule(record, worker.store),
                        jobs=_with_copies(worker.job),
                    )
            except Stopped:
                pass  # the worker should stop, or another one has taken the trial over
            except Exception:
                if lease is not None:
                    raise  # the lease stays: it tells the supervisor which trial failed
                traceback.print_exc()
                return REQUEUE_STATUS  # the leader has died, or knows
            if lease is not None:
                _leave(worker, name, lease)
            worker.tick()
            if not group.whole:
                return REQUEUE_STATUS
    return 0


def _leave(worker: Worker, name: str, lease: leases.Lease) -> None:
    """Release a trial; one that has left no metric may be the last that its jobs start."""
    lease.release()
    result = worker.store.result(name)
    if result is not None and result.unread:
        unread.note(worker.job, name, result.unread)


def _with_copies(job: Path) -> Iterator[Path]:
    """The folders of jobs that may have a copy of the user's code, this job's first."""
    yield job
    # A trial may be another job's; only then are the files of all jobs read.
    yield from job_folder.alike(job)


def _claimed(worker: Worker, group: Group, pulse: Tick) -> tuple[str, leases.Lease | None] | None:
    """A trial for this worker, which the leading process claims for all processes of the group."""
    claimed_trial = _next(worker, pulse, waits=group.world == 1) if group.leads else None
    name = group.leaders_item(claimed_trial[0] if claimed_trial else "")
    return (name, claimed_trial[1] if claimed_trial else None) if name else None


def _next(worker: Worker, pulse: Tick, *, waits: bool) -> tuple[str, leases.Lease] | None:
    """A lease on an open trial; of a study that grows, also on one that results call for now.

    With `waits`, it waits for results of other workers that may call for more.
    """
    while True:
        pulse()  # it may wait for as long as a trial takes
        names = job_folder.queue(worker.job)
        claimed_trial = claim(worker, names)
        if claimed_trial or not growth.may_go_on(worker, names, waits=waits):
            return claimed_trial


def timings(worker: Worker) -> int:
    """One timing session over all arms of the order, unless another is under way or was taken."""
    # Imports torch, which trials of a task without speeds do not need.
    from study.trial.timing import run_timing_session

    store, task = worker.store, worker.task
    # A timing needs the machine for itself, so not before every trial has its result.
    if any(store.result(name) is None for name in job_folder.trials(worker.job)):
        return 0
    order = growth.with_measuring(worker)
    if order is None:
        return 0
    folder = store.root / "timings" / order.key
    folder.mkdir(parents=True, exist_ok=True)
    lease = leases.claim(folder, worker.heartbeats)
    if lease is None:
        return 0

    def tick(done: int, total: int) -> None:
        worker.tick()
        pulse()
        write(folder / ROUNDS, Rounds(done=done, total=total).plain)

    with lease, _watched(order) as pulse:
        stored = store.record("timings", order.key, TimingSession)
        if stored is not None and stored.device == order.device and not order.again:
            return 0
        tick(0, 0)  # else an earlier session's rounds would be read
        busy = sum(leases.holder(trial) is not None for trial in (store.root / "trials").glob("*"))
        began = time.time()
        session = run_timing_session(
            order.arms, order, tick, workloads=task.workloads, steps=task.steps
        )
        more = {
            "began": began,
            "device": order.device,
            "trials_running": busy,
            "environment": environment(order.device, order.task),
        }
        keep_session(store, order.key, session.model_copy(update=more))
    return 0


def evaluations(worker: Worker) -> int:
    """Trained weights on images of other sizes; a size that a model cannot take is kept as such.

    What is missing now, weights or images or memory, may be there another time: it is left out.
    """
    store, device, task = worker.store, worker.order.device, worker.task
    # As on one machine: what can be evaluated once the rest is trained waits for it.
    if _is_cut_short(worker):
        return 0
    order = growth.with_measuring(worker)
    for name, size in order.pairs if order else ():
        if worker.stop():
            return 0
        lease = leases.claim(store.trial(name), worker.heartbeats)
        if lease is None:
            continue  # another worker is at it
        with lease, suppress(StudyError, MemoryError):
            stored = store.evaluation(name, size)
            if _complete(task, stored) or store.state(name) != "completed":
                continue
            try:
                evaluation = task.evaluate(store, name, size, device)
            except SizeError as error:
                evaluation = Evaluation(metrics={}, refused=str(error))
            store.write_evaluation(name, size, evaluation)
        worker.tick()
    return 0


def _is_cut_short(worker: Worker) -> bool:
    """True if the run starts no further trial, and not every one has a result."""
    if not unread.starts_no_more(worker.job, worker.order, worker.heartbeats):
        return False
    return any(worker.store.result(name) is None for name in job_folder.trials(worker.job))


def _complete(task: tasks.Task, evaluation: Evaluation | None) -> bool:
    """True for an evaluation by every quality of today's catalogue, or one that was refused."""
    names = {name for name, metric in task.catalogue.items() if metric.of}
    return bool(evaluation and (evaluation.refused or names <= evaluation.metrics.keys()))


def steps(worker: Worker) -> int:
    """A few timed training steps of one arm, for the plan's estimate of time."""
    arm = worker.order.arm
    if arm is None:
        raise StoreError(f"{worker.job / 'job.json'} names no arm whose steps are to be timed")
    times = worker.task.step_seconds(arm, worker.order.device)
    worker.store.keep("timings", worker.order.key, times)
    return 0


@contextmanager
def _watched(order: Job) -> Iterator[Tick]:
    """A watchdog, which prints the stack and ends the process after `timeout` without a pulse."""
    # In C, so that it works when Python does not get to run.
    if order.on == "inline":
        yield idle
        return
    fed = 0.0

    def pulse() -> None:
        nonlocal fed
        if time.monotonic() - fed >= polling.WORKERS:
            fed = time.monotonic()
            faulthandler.dump_traceback_later(order.timeout, exit=True)  # starts anew at every call

    pulse()
    try:
        yield pulse
    finally:
        faulthandler.cancel_dump_traceback_later()


PHASES = {"trials": trials, "timings": timings, "evaluations": evaluations, "steps": steps}
