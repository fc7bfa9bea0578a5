"""One trial of this task: the detector is built, trained on the images, and evaluated."""

from typing import cast

from study.models import paired_init
from study.store.atomic import replace
from study.store.processes import cores
from study.store.records import ImageFingerprint
from study.store.trial_folder import predictions_of
from study.tasks.detection.data import DetectionData, load
from study.tasks.detection.data.loading import fingerprint
from study.tasks.detection.evaluation.matches import written
from study.tasks.detection.records import DetectionRecord
from study.tasks.detection.train.fit import FittedDetector, fit
from study.tasks.detection.trial.model import opened, starting_detector
from study.tasks.training.distributed import ProcessGroup
from study.tasks.training.images import begin_on_images
from study.trial.running import Finished, RunningTrial

SPARE = 4  # cores from which on other processes may read images
MOST_WORKERS = 8


def run(trial: RunningTrial) -> Finished:
    """Build, train and evaluate; resumes from the last checkpoint of any attempt."""
    record = opened(trial.record)
    data = load(record.data, masks=record.keys.masks)
    # Once: the annotations are in memory, and so cannot change during training.
    images = fingerprints(data) if trial.group.leads else {}
    if trial.group.leads:
        begin_on_images(trial.store, trial.name, images)
    fitted = _fitted(trial, record, data)
    if not trial.group.leads:
        return Finished()
    # Each attempt has its own file: one that lost its lease overwrites no other.
    detections = fitted.detections
    predictions = predictions_of(trial.lease) if detections is not None else ""
    if detections is not None:
        replace(trial.folder / predictions, written(detections, data.val))
    return Finished(
        metrics=fitted.metrics,
        history=fitted.history,
        state="diverged" if fitted.diverged else "completed",
        predictions=predictions,
        images=images,
    )


def _fitted(trial: RunningTrial, record: DetectionRecord, data: DetectionData) -> FittedDetector:
    group = cast(ProcessGroup, trial.group)  # of `joined`, which the task gives the worker
    if len(data.categories) != record.config.model.classes:
        raise ValueError(
            f"the plan counted {record.config.model.classes} classes, not {len(data.categories)}"
        )
    # Built on the CPU and then moved, so that initial weights do not depend on the device.
    model = paired_init.seeded(lambda: starting_detector(record), record.seed)
    return fit(
        model,
        data,
        record.recipe,
        masks=record.keys.masks,
        seed=record.seed,
        folder=trial.folder,
        device=trial.device,
        workers=workers(record),
        caller=trial.callbacks,
        group=group,
    )


def workers(record: DetectionRecord) -> int:
    """Processes that read images from files; the model needs the cores of a small machine."""
    # A set in memory is read faster than a worker process could send it.
    in_memory = record.config.data.get("name") == "digits_coco"
    return 0 if in_memory or cores() < SPARE else min(cores() - 1, MOST_WORKERS)


def fingerprints(data: DetectionData) -> dict[str, ImageFingerprint]:
    """The images of both splits with their annotations."""
    classes = len(data.categories)
    return {
        name: ImageFingerprint(files=len(images), classes=classes, digest=fingerprint(images)[:16])
        for name, images in (("train", data.train), ("val", data.val))
    }
