"""The calls that a timing session times of a model, and the steps behind an estimate of time."""

from collections.abc import Callable
from functools import partial

from torch import nn

from study.errors import MetricError
from study.metrics.workloads import Workload
from study.models.backbone import Backbone
from study.models.deploy import deployed
from study.store.job_records import Job
from study.store.records import TrialRecord
from study.store.timing_records import StepTimes
from study.tasks.classification import data, train
from study.tasks.classification.records import ClassifierRecord
from study.tasks.classification.trial.class_weights import weighted
from study.tasks.classification.trial.model import build_model, image_size, on_its_path, opened
from study.trial.timing import inference_steps, inference_workloads, no_fast_path


def step_seconds(trial: TrialRecord, device: str) -> StepTimes:
    """Seconds per training and per evaluated image, from a few steps of at most 32 images."""
    record = opened(trial)
    images = data.load(record.data)
    recipe = weighted(record.recipe, images)
    # At most 32, so that an estimate of the duration takes little time and memory.
    recipe = recipe.model_copy(update={"batch_size": min(32, recipe.batch_size)})
    timed = train.step_seconds(
        _trained(record, device), images, recipe, seed=record.seed, device=device
    )
    return StepTimes(**vars(timed), train=images.train_size, val=images.val_size)


def workloads(trial: TrialRecord, job: Job) -> dict[str, Workload]:
    """The workloads of an arm that its metrics need."""
    record = opened(trial)
    size = image_size(record)
    plain, fast = partial(_plain, record), partial(_fast, record, job)
    needed = inference_workloads(plain, size, job, fast)
    if "train_throughput" in job.metrics:
        recipe, classes = record.recipe, record.shape.num_classes
        # A model of its own, since training changes weights and batch statistics.
        update = train.repeated(
            _trained(record, job.device),
            recipe,
            classes=classes,
            size=size,
            device=job.device,
            multi_label=record.data.multi_label,
        )
        needed["train"] = Workload(update, recipe.batch_size)
    return needed


def _trained(record: ClassifierRecord, device: str) -> nn.Module:
    """A model of the trial to train, on the path of its recipe."""
    return on_its_path(build_model(record).to(device), record)


def _plain(record: ClassifierRecord, device: str) -> nn.Module:
    return build_model(record).to(device)


def _fast(record: ClassifierRecord, job: Job, device: str) -> nn.Module:
    """The model of a trial with its weights folded beforehand."""
    if job.precision != "float32" or job.compile:
        # Packed weights are float32, and half precision loses what the instance norm amplifies.
        raise MetricError("the fast path is timed in float32 and uncompiled")
    model = build_model(record).to(device)
    if isinstance(model, Backbone):
        return deployed(model, image_size(record)[1:])
    raise no_fast_path(record.config.model.name)


def steps(trial: TrialRecord, job: Job) -> dict[str, Callable[[], None]]:
    """The calls whose peak memory is measured: one update of the recipe, one inference."""
    record = opened(trial)
    plain, fast = partial(_plain, record), partial(_fast, record, job)
    every = inference_steps(plain, image_size(record), job, fast)
    if "memory" in job.metrics:
        every["memory"] = partial(_update, record, job)
    return every


def _update(record: ClassifierRecord, job: Job) -> None:
    recipe, classes = record.recipe, record.shape.num_classes
    model, size = on_its_path(build_model(record, job.device), record), image_size(record)
    several = record.data.multi_label
    train.training_step(
        model, recipe, classes=classes, size=size, device=job.device, multi_label=several
    )
