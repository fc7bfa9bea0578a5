"""One timing session over the arms of a study, whatever their task."""

import sys
from collections.abc import Callable, Mapping
from functools import partial

from study.metrics import memory
from study.metrics.execution import ExecutionMode
from study.metrics.session import REASONS_ABSENT, timing_session
from study.metrics.workloads import Workload
from study.spec.metric import of_batch
from study.store.job_records import Job
from study.store.records import TrialRecord
from study.store.timing_records import TimingSession

MEMORY = {"memory", "inference_memory"}
"""Metrics that one call gives, whose time says nothing."""


def execution_mode(job: Job) -> ExecutionMode:
    """The way in which a session runs inference; training follows the trial's recipe."""
    return ExecutionMode(job.precision, job.compile, job.channels_last)


def run_timing_session(
    records: Mapping[str, TrialRecord],
    job: Job,
    tick: Callable[[int, int], object],
    *,
    workloads: Callable[[TrialRecord, Job], Mapping[str, Workload]],
    steps: Callable[[TrialRecord, Job], Mapping[str, Callable[[], None]]],
) -> TimingSession:
    """Speed and memory of every arm: measurements by arm and metric, and how they were taken.

    `records` say what each arm computes, `workloads` what is timed of it, and `steps` the calls
    whose peak memory is measured, by metric. A metric that cannot be measured honestly is absent,
    with the reason under `refused`.
    """
    if job.on != "inline" and job.device == "cpu" and sys.platform == "linux":
        # An arm that does not fit is refused, before the kernel ends this process or others.
        memory.bound()
    # The baseline first: stored JSON has sorted keys, so the order of arms is lost.
    records = {job.baseline: records[job.baseline], **records}
    device, metrics = job.device, {*job.metrics}
    # Peak memory is measured by separate steps, so it needs no timing.
    memories = {name for name in metrics if of_batch(name)[0] in MEMORY}
    timed = records if metrics - memories else {}
    watched = records if memories else {}
    session = timing_session(
        {arm: partial(workloads, record, job) for arm, record in timed.items()},
        {arm: steps(record, job) for arm, record in watched.items()},
        device=device,
        seconds=job.seconds,
        energy="energy" in metrics,
        tick=tick,
    )
    refused = {arm: {**why} for arm, why in session.refused.items()}
    for arm, measured in session.arms.items():
        for name in (metrics & REASONS_ABSENT.keys()) - measured.keys():
            refused.setdefault(arm, {})[name] = f"{name}: {REASONS_ABSENT[name]}"
    how = session.how.model_copy(
        update={"batch_size": job.batch_size, "way": execution_mode(job).description}
    )
    return session.model_copy(update={"refused": refused, "how": how})
