"""Speed and memory of the models of trials, and the time that their training takes."""

from collections.abc import Callable, Mapping
from functools import partial

from study import data, train
from study.metrics import workloads
from study.metrics.execution import ExecutionMode
from study.metrics.session import REASONS_ABSENT, timing_session
from study.store.job_records import Job
from study.store.records import TrialRecord
from study.store.timing_records import StepTimes, TimingSession
from study.trial.model import build_model, image_size


def step_seconds(record: TrialRecord, device: str) -> StepTimes:
    """Seconds per training and per evaluated image, from a few steps of at most 32 images."""
    images, recipe = data.load(record.data), record.recipe
    # At most 32, so that an estimate of the duration takes little time and memory.
    recipe = recipe.model_copy(update={"batch_size": min(32, recipe.batch_size)})
    timed = train.step_seconds(
        build_model(record).to(device), images, recipe, seed=record.seed, device=device
    )
    return StepTimes(**vars(timed), train=images.train_size, val=images.val_size)


def run_timing_session(
    records: Mapping[str, TrialRecord], job: Job, tick: Callable[[], None]
) -> TimingSession:
    """Speed and memory of every arm: measurements by arm and metric, and how they were taken.

    `records` say what each arm computes. A metric that cannot be measured honestly is absent, with
    the reason under `refused`.
    """
    # The baseline first: stored JSON has sorted keys, so the order of arms is lost.
    records = {job.baseline: records[job.baseline], **records}
    device, metrics = job.device, {*job.metrics}
    # Peak memory is measured by separate steps, so it needs no timing.
    timed = records if metrics - {"memory"} else {}
    watched = records if "memory" in metrics else {}
    session = timing_session(
        {arm: partial(_workloads, record, job) for arm, record in timed.items()},
        {arm: partial(_step, record, device) for arm, record in watched.items()},
        device=device,
        seconds=job.seconds,
        energy="batch" if "energy" in metrics else "",
        tick=lambda done, total: tick(),
    )
    refused = {arm: {**why} for arm, why in session.refused.items()}
    for arm, measured in session.arms.items():
        for name in (metrics & REASONS_ABSENT.keys()) - measured.keys():
            refused.setdefault(arm, {})[name] = f"{name}: {REASONS_ABSENT[name]}"
    how = session.how.model_copy(
        update={"batch_size": job.batch_size, "way": ExecutionMode().description}
    )
    return session.model_copy(update={"refused": refused, "how": how})


def _workloads(record: TrialRecord, job: Job) -> dict[str, workloads.Workload]:
    """The workloads of an arm that its metrics need."""
    device, metrics, mode = job.device, {*job.metrics}, ExecutionMode()
    needed = {}
    if metrics & {"throughput", "energy", "latency_p50", "latency_p90", "latency_p99"}:
        model = build_model(record).to(device)
        images = workloads.random_images(job.batch_size, image_size(record), device)
        if metrics & {"throughput", "energy"}:
            needed["batch"] = workloads.inference(model, images, mode)
        if metrics & {"latency_p50", "latency_p90", "latency_p99"}:
            needed["single"] = workloads.inference(model, images[:1], mode, apart=True)
    if "train_throughput" in metrics:
        recipe, classes = record.recipe, record.shape.num_classes
        # A model of its own, since training changes weights and batch statistics.
        step = train.repeated(
            build_model(record).to(device),
            recipe,
            classes=classes,
            size=image_size(record),
            device=device,
        )
        needed["train"] = workloads.Workload(step, recipe.batch_size)
    return needed


def _step(record: TrialRecord, device: str) -> None:
    """One update of the trial's own recipe."""
    recipe, classes = record.recipe, record.shape.num_classes
    model = build_model(record, device)
    train.training_step(model, recipe, classes=classes, size=image_size(record), device=device)
