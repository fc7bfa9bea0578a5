"""The calls that a timing session times of a model, and the steps behind an estimate of time."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from torch import nn

from study.metrics import workloads as calls
from study.metrics.execution import ExecutionMode
from study.spec.metric import of_batch
from study.store.job_records import Job
from study.store.records import TrialRecord
from study.store.timing_records import StepTimes
from study.tasks.classification import data, train
from study.tasks.classification.records import ClassifierRecord
from study.tasks.classification.trial.class_weights import weighted
from study.tasks.classification.trial.model import build_model, image_size, opened
from study.trial.timing import execution_mode


def step_seconds(trial: TrialRecord, device: str) -> StepTimes:
    """Seconds per training and per evaluated image, from a few steps of at most 32 images."""
    record = opened(trial)
    images = data.load(record.data)
    recipe = weighted(record.recipe, images)
    # At most 32, so that an estimate of the duration takes little time and memory.
    recipe = recipe.model_copy(update={"batch_size": min(32, recipe.batch_size)})
    timed = train.step_seconds(
        build_model(record).to(device), images, recipe, seed=record.seed, device=device
    )
    return StepTimes(**vars(timed), train=images.train_size, val=images.val_size)


def workloads(trial: TrialRecord, job: Job) -> dict[str, calls.Workload]:
    """The workloads of an arm that its metrics need."""
    record = opened(trial)
    device, metrics, mode = job.device, {*job.metrics}, execution_mode(job)
    needed = {}
    calls.refuse_emulated(mode, device)
    batches = dict(_batches(job))
    latency = bool(metrics & {"latency_p50", "latency_p90", "latency_p99"})
    if batches or latency:
        model = build_model(record).to(device)
        for workload, count in batches.items():
            build = partial(_inferred, model, count, image_size(record), device, mode)
            needed[workload] = calls.lazily(build, count)
        if latency:
            images = calls.random_images(1, image_size(record), device)
            needed["single"] = calls.inference(model, images, mode, apart=True)
    if "train_throughput" in metrics:
        recipe, classes = record.recipe, record.shape.num_classes
        # A model of its own, since training changes weights and batch statistics.
        update = train.repeated(
            build_model(record).to(device),
            recipe,
            classes=classes,
            size=image_size(record),
            device=device,
            multi_label=record.data.multi_label,
        )
        needed["train"] = calls.Workload(update, recipe.batch_size)
    return needed


def _inferred(
    model: nn.Module, count: int, size: tuple[int, int, int], device: str, mode: ExecutionMode
) -> calls.Workload:
    return calls.inference(model, calls.random_images(count, size, device), mode)


def _batches(job: Job) -> Iterator[tuple[str, int]]:
    """The workloads of inference in batches by name, with their numbers of images."""
    for name in job.metrics:
        base, count = of_batch(name)
        if base in ("throughput", "energy"):
            yield (f"batch@b{count}" if count else "batch"), count or job.batch_size


def steps(trial: TrialRecord, job: Job) -> dict[str, Callable[[], None]]:
    """The calls whose peak memory is measured: one update of the recipe, one inference."""
    record = opened(trial)
    every = dict[str, Callable[[], None]]()
    for name in job.metrics:
        base, count = of_batch(name)
        if base == "memory":
            every[name] = partial(_update, record, job)
        elif base == "inference_memory":
            every[name] = partial(_inference, record, job, count or job.batch_size)
    return every


def _update(record: ClassifierRecord, job: Job) -> None:
    recipe, classes = record.recipe, record.shape.num_classes
    model, size = build_model(record, job.device), image_size(record)
    several = record.data.multi_label
    train.training_step(
        model, recipe, classes=classes, size=size, device=job.device, multi_label=several
    )


def _inference(record: ClassifierRecord, job: Job, count: int) -> None:
    model = build_model(record, job.device)
    images = calls.random_images(count, image_size(record), job.device)
    # Uncompiled: what a compiler holds is not the model's.
    calls.inference(model, images, replace(execution_mode(job), compiled=False)).run()
