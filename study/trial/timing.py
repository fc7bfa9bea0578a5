"""One timing session over the arms of a study, whatever their task."""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING

from study.errors import MetricError
from study.metrics import memory
from study.metrics import workloads as calls
from study.metrics.execution import ExecutionMode
from study.metrics.session import REASONS_ABSENT, timing_session
from study.metrics.workloads import Workload
from study.spec.metric import FAST, of_batch, of_path
from study.store.job_records import Job
from study.store.records import TrialRecord
from study.store.timing_records import TimingSession

if TYPE_CHECKING:
    from torch import nn

Build = Callable[[str], "nn.Module"]
"""Builds the model of an arm on a device; raises MetricError for a path that it has not."""
Size = tuple[int, int, int]

MEMORY = {"memory", "inference_memory"}
"""Metrics that one call gives, whose time says nothing."""


def execution_mode(job: Job) -> ExecutionMode:
    """The way in which a session runs inference; training follows the trial's recipe."""
    return ExecutionMode(job.precision, job.compile, job.channels_last, job.path)


def no_fast_path(name: str) -> MetricError:
    """The error of a model without a fast path, in a session that times that path."""
    return MetricError(f"{name} has no fast path (ResT and PVT have)")


def without_fast_path(name: str) -> Build:
    """The `fast` of a model that has no fast path."""

    def refuse(device: str) -> "nn.Module":
        raise no_fast_path(name)

    return refuse


def inference_workloads(build: Build, size: Size, job: Job, fast: Build) -> dict[str, Workload]:
    """The workloads of inference that a job's metrics need, on random images (C, H, W).

    `fast` builds the model of columns that name the fast path, or of all if the job times it.
    """
    device, mode = job.device, execution_mode(job)
    calls.refuse_emulated(mode, device)
    # Each once, and only if something needs it.
    builds = {path: cache(own) for path, own in _by_path(build, fast, job).items()}
    needed = dict[str, Workload]()
    for base, path, count in _of_inference(job):
        if base in ("throughput", "energy"):
            if not path:
                builds[path](device)  # now, as a session plans with the time that building takes
            number = count or job.batch_size
            in_batches = partial(_inferred, builds[path], number, size, job)
            named = f"batch@b{count}{path}" if count else f"batch{path}"
            needed[named] = calls.lazily(in_batches, number)
    if {*job.metrics} & {"latency_p50", "latency_p90", "latency_p99"}:
        images = calls.random_images(1, size, device)
        needed["single"] = calls.inference(builds[""](device), images, mode, apart=True)
    return needed


def _by_path(build: Build, fast: Build, job: Job) -> dict[str, Build]:
    """The builders of models by the suffix of a column that names their path."""
    return {FAST: fast, "": fast if job.path == "fast" else build}


def _inferred(build: Build, count: int, size: Size, job: Job) -> Workload:
    images = calls.random_images(count, size, job.device)
    return calls.inference(build(job.device), images, execution_mode(job))


def _of_inference(job: Job) -> Iterator[tuple[str, str, int | None]]:
    """The base names of a job's metrics, each with the suffix of its path and its batch size."""
    for name in job.metrics:
        rest, fast = of_path(name)
        base, count = of_batch(rest)
        yield base, FAST if fast else "", count


def inference_steps(
    build: Build, size: Size, job: Job, fast: Build
) -> dict[str, Callable[[], None]]:
    """The calls of inference whose peak memory a job measures, by metric."""
    builds = _by_path(build, fast, job)
    named = zip(job.metrics, _of_inference(job), strict=True)
    return {
        name: partial(_inference, builds[path], size, job, count or job.batch_size)
        for name, (base, path, count) in named
        if base == "inference_memory"
    }


def _inference(build: Build, size: Size, job: Job, count: int) -> None:
    images = calls.random_images(count, size, job.device)
    # Uncompiled: what a compiler holds is not the model's.
    mode = replace(execution_mode(job), compiled=False)
    calls.inference(build(job.device), images, mode).run()


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
    memories = {name for name in metrics if of_batch(of_path(name)[0])[0] in MEMORY}
    timed = records if metrics - memories else {}
    watched = records if memories else {}
    session = timing_session(
        {arm: partial(workloads, record, job) for arm, record in timed.items()},
        {arm: steps(record, job) for arm, record in watched.items()},
        device=device,
        seconds=job.seconds,
        resolution=job.resolution,
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
