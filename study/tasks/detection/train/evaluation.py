"""A detector evaluated on the validation images, by all processes together."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from study.tasks.detection.data import Batch, DetectionImages
from study.tasks.detection.evaluation.coco import measured
from study.tasks.detection.evaluation.detections import (
    Collected,
    Detected,
    Detections,
    coded,
    joined,
)
from study.tasks.detection.models.transform import in_original
from study.tasks.detection.train.setup import DetectorSetup
from study.trial.callbacks import nothing


class EvaluatedDetector(NamedTuple):
    """The detections of all processes, and their qualities."""

    detections: Detections
    metrics: Mapping[str, float | None]
    seconds: float
    """Time that detection and measuring took."""


def evaluated(
    setup: DetectorSetup,
    batches: Iterable[Batch],
    images: DetectionImages,
    *,
    masks: bool,
    pulse: Callable[[], None] = nothing,
) -> EvaluatedDetector:
    """The qualities of a detector on `images`, of which this process has some `batches`."""
    began = time.perf_counter()
    own = collected(setup, batches, masks=masks, pulse=pulse)
    detections = joined(setup.group.gathered(own))
    # One process measures, as the others would get the same.
    metrics = measured(detections, images) if setup.group.leads else {}
    metrics = setup.group.leaders_item(metrics)
    return EvaluatedDetector(detections, metrics, time.perf_counter() - began)


def collected(
    setup: DetectorSetup,
    batches: Iterable[Batch],
    *,
    masks: bool,
    pulse: Callable[[], None] = nothing,
) -> Collected:
    """The detections of some batches, in the pixels of the images' files."""
    own = Collected(masks)
    setup.model.eval()
    # Batches are the same at any number of processes, and so is their padding.
    setup.detector.prepare((0, 0), [])
    with torch.inference_mode():
        for batch in batches:
            # In the precision of training, which is what its weights are made for.
            with setup.autocast():
                results = setup.model([x.to(setup.device) for x in batch.images])
            rows = zip(results, batch.images, batch.ids, batch.sizes, strict=True)
            for result, image, number, size in rows:
                shape = image.shape[-2], image.shape[-1]
                own.add(number, _detected(in_original(result, shape, size)))
            pulse()
    return own


def _detected(result: Mapping[str, Tensor]) -> Detected:
    masks = result.get("masks")
    boxes, scores, labels = (result[name].numpy() for name in ("boxes", "scores", "labels"))
    return Detected(boxes, scores, labels, None if masks is None else coded(masks.numpy()))
