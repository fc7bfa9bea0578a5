"""One trial of this task: the model is built, trained on the images, and evaluated."""

import io
from typing import cast

import numpy as np

from study.models import paired_init
from study.store import archives
from study.store.atomic import replace
from study.store.trial_folder import predictions_of
from study.tasks.classification import data, train
from study.tasks.classification.records import ClassifierRecord
from study.tasks.classification.trial.class_weights import weighted
from study.tasks.classification.trial.images import fingerprints, images_of_result
from study.tasks.classification.trial.model import on_its_path, opened, starting_model
from study.tasks.training.images import begin_on_images
from study.trial.running import Finished, RunningTrial


def run(trial: RunningTrial) -> Finished:
    """Build, train and evaluate; resumes from the last checkpoint of any attempt."""
    record = opened(trial.record)
    fitted = _fitted(trial, record)
    if not trial.group.leads:
        return Finished()
    # Each attempt has its own file: one that lost its lease overwrites no other.
    predictions = predictions_of(trial.lease)
    replace(trial.folder / predictions, _predictions(fitted))
    return Finished(
        metrics=fitted.metrics,
        history=fitted.history,
        state=fitted.state,
        predictions=predictions,
        images=images_of_result(trial.store, trial.name, record),
    )


def _fitted(trial: RunningTrial, record: ClassifierRecord) -> train.Fitted:
    images = data.load(record.data)
    group = cast(train.ProcessGroup, trial.group)  # of `joined`, which the task gives the worker
    if group.leads:
        begin_on_images(trial.store, trial.name, fingerprints(images))
    classes = record.shape.num_classes
    if images.classes != classes:
        raise ValueError(f"the plan counted {classes} classes, the data has {images.classes}")
    # Built on the CPU and then moved, so that initial weights do not depend on the device.
    model = paired_init.seeded(lambda: starting_model(record), record.seed).to(trial.device)
    return train.fit(
        on_its_path(model, record),
        images,
        weighted(record.recipe, images),
        seed=record.seed,
        folder=trial.folder,
        device=trial.device,
        caller=trial.callbacks,
        group=group,
    )


def _predictions(fitted: train.Fitted) -> bytes:
    file = io.BytesIO()
    # Without pickles, since reading those could run code.
    np.savez_compressed(file, allow_pickle=False, **fitted.predictions)
    return archives.sealed(file)
