"""Contact sheet: images with their objects, and beside them the detections of every arm."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from faster_coco_eval.core import mask as rle
from numpy.typing import NDArray

from study.errors import DataError
from study.store.atomic import read_checked
from study.store.store import Store
from study.tasks.arms import PlannedArm
from study.tasks.contact_sheets import ContactSheet, Region, SheetRow
from study.tasks.detection.data.images import DetectionImages
from study.tasks.detection.data.loading import validation
from study.tasks.detection.evaluation.detections import Detected, Detections, opened
from study.tasks.detection.schema.data import CocoData

IMAGES = 4  # of a sheet, which fits on a page
LEAST = 0.3  # score of a detection that is drawn
MOST = 12  # detections drawn of an image; more boxes would hide it, and each other
OVERLAP = 0.5  # intersection over union from which on a detection is right, as in AP50
SEED = 20  # of the choice of images


def contact_sheets(
    data: CocoData, arms: Sequence[PlannedArm], store: Store
) -> Iterator[ContactSheet]:
    """The sheet of the arms that have detections of these data; none before there are any.

    Of every arm the first completed trial is shown: seeds differ, and a mean has no picture.
    """
    stored = {arm.label: detections for arm in arms if (detections := first_stored(arm, store))}
    if not stored:
        return
    try:
        images = validation(data)
    except DataError:  # a report may be made where the images are not
        return
    ids = np.sort(images.ids)
    same = {label: d for label, d in stored.items() if np.array_equal(d.image_ids, ids)}
    if same:
        yield contact_sheet(images, same)


def first_stored(arm: PlannedArm, store: Store) -> Detections | None:
    """The detections of an arm's first completed trial; None without any."""
    for trial in arm.replicates:
        if trial.state == "completed":
            return read_checked(store.predictions(trial.name), opened)
    return None


def contact_sheet(images: DetectionImages, arms: Mapping[str, Detections]) -> ContactSheet:
    """Some of the images, with the detections of every arm by its label.

    The images are a random choice among those with objects, the same in every report.
    """
    masks = any(detections.masks is not None for detections in arms.values())
    rows = [
        SheetRow(
            f"image {images.ids[index]}",
            images.image(index),
            (
                _truth(images, index, masks=masks),
                *(_predicted(images, index, detections) for detections in arms.values()),
            ),
        )
        for index in chosen(images)
    ]
    crowded = any(len(regions) > MOST for row in rows for regions in row.regions[1:])
    # The truth stays whole.
    rows = [
        replace(row, regions=(row.regions[0], *(several[:MOST] for several in row.regions[1:])))
        for row in rows
    ]
    title = (
        f"Detections with a score of at least {LEAST:g}; solid: overlaps an object of its "
        f"category by {OVERLAP:g} or more (IoU); dashed: does not"
    )
    title += f"; of an image at most {MOST}, those of the highest score" * crowded
    columns = ("truth", *arms)
    # An empty column would be taken for a fault of the picture.
    empty = [name for n, name in enumerate(columns) if n and not any(r.regions[n] for r in rows)]
    title += f"; no such detection: {', '.join(empty)}" * bool(empty)
    return ContactSheet("detections", title, columns, tuple(rows))


def chosen(images: DetectionImages) -> list[int]:
    """The indices of a few images with objects, in the order of the file."""
    full = np.flatnonzero(images.annotations.counts)
    draws = np.random.default_rng(SEED).random(len(full))
    return sorted(int(index) for index in full[np.argsort(draws)[:IMAGES]])


def _truth(images: DetectionImages, index: int, *, masks: bool) -> tuple[Region, ...]:
    objects = images.objects(index, masks=masks)
    planes = list(objects.masks) if objects.masks is not None else [None] * len(objects.ids)
    names = [category.name for category in images.categories]
    return tuple(
        Region(names[label - 1] + " (crowd)" * bool(crowd), _corners(box), mask)
        for box, label, crowd, mask in zip(
            objects.boxes, objects.labels, objects.crowd, planes, strict=True
        )
    )


def _predicted(images: DetectionImages, index: int, detections: Detections) -> tuple[Region, ...]:
    detected = detections.of(int(images.ids[index]))
    names = [category.name for category in images.categories]
    right = _right(images, index, detected)
    height, width = images.size(index)
    regions = []
    # Stable, so that equal scores keep their order, in which detections are matched.
    order = np.argsort(-detected.scores, kind="stable")
    for number in order[detected.scores[order] >= LEAST]:
        mask = None
        if detected.masks is not None:
            coded = {"size": [height, width], "counts": detected.masks[number]}
            mask = rle.decode(coded).astype(bool)
        label = f"{names[detected.labels[number] - 1]} {detected.scores[number]:.2f}"
        regions.append(Region(label, _corners(detected.boxes[number]), mask, right[int(number)]))
    return tuple(regions)


def _right(images: DetectionImages, index: int, detected: Detected) -> Sequence[bool]:
    """By detection, True where it is the best of an object of its category."""
    objects = images.objects(index, masks=False)
    free = set(range(len(objects.ids)))
    right = []
    overlaps = overlap(detected.boxes, objects.boxes)  # (D, N)
    for place, label in enumerate(detected.labels):
        # The most confident come first, and each takes an object, as in COCO's evaluation.
        near = [n for n in free if objects.labels[n] == label and overlaps[place, n] >= OVERLAP]
        best = max(near, key=lambda n: float(overlaps[place, n]), default=None)
        free -= {best}
        right.append(best is not None)
    return right


def overlap(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union of boxes, (D, 4) and (N, 4) -> (D, N)."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    both = (high - low).clip(min=0).prod(2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(1) for boxes in (first, second)]
    union = areas[0][:, None] + areas[1][None] - both
    return np.asarray(both / np.maximum(union, 1e-9))


def _corners(box: NDArray[np.float32]) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = (float(value) for value in box)
    return x1, y1, x2, y2
