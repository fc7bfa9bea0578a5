"""A finished trial's weights, evaluated on images of another size."""

import torch

from study.errors import SizeError, StoreError
from study.spec.image_size import ImageSize
from study.store.records import Evaluation, finite
from study.store.store import Store
from study.tasks.detection.data import val_batches
from study.tasks.detection.data.loading import validation
from study.tasks.detection.models.backbone import refuse_small
from study.tasks.detection.models.build import inner
from study.tasks.detection.train.evaluation import evaluated
from study.tasks.detection.train.setup import set_up
from study.tasks.detection.trial.model import build_detector, opened
from study.tasks.training import weights
from study.tasks.training.checkpoint import WEIGHTS


def evaluated_at(store: Store, name: str, *, size: ImageSize, device: str) -> Evaluation:
    """The qualities of a trial's weights with another shorter side of the images.

    Raises:
        StoreError: the trial does not exist, is not finished, or its weights are gone.
        SizeError: the detector takes no such images.
    """
    if not isinstance(size, int):
        raise SizeError("a detector's images have one size, that of their shorter side")
    path = weights.checkpoint(store, name)
    if (task := store.entered(name).task) != "detection":
        raise StoreError(f"trial {name} is of the task {task}")
    record = opened(store.entered(name))
    # The longer side grows with the shorter, so that the same images are cut down.
    most = max(size, record.recipe.max_size * size // record.recipe.test_size)
    recipe = record.recipe.model_copy(update={"test_size": size, "max_size": most})
    detector = build_detector(record)
    refuse_small(inner(detector), record.config.model.backbone, (size, size))
    state = torch.load(path, map_location="cpu", weights_only=True)
    detector.load_state_dict(state[WEIGHTS])
    masks = record.keys.masks
    images = validation(record.data, masks=masks)
    setup = set_up(detector, recipe, device=device)
    result = evaluated(setup, val_batches(images, recipe), images, masks=masks)
    return Evaluation(metrics=finite(result.metrics))
