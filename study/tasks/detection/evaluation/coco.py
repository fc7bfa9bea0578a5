"""COCO's box and mask AP by faster-coco-eval, whose numbers are those of pycocotools."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from faster_coco_eval import COCO, COCOeval_faster
from numpy.typing import NDArray

from study.tasks.detection.data.images import DetectionImages
from study.tasks.detection.evaluation.detections import Detections

NAMES = ("ap", "ap50", "ap75", "aps", "apm", "apl")
"""In the order of COCO's summary: over ten thresholds, at two of them, and by size of objects."""
MASK = "mask_"
KINDS = {"bbox": "", "segm": MASK}
"""COCO's kinds of overlap, and what the names of their metrics begin with."""

Row = dict[str, object]


@dataclass(frozen=True)
class Truth:
    """The annotations of the evaluated images in the form that COCO's evaluation takes."""

    dataset: Mapping[str, Sequence[Row]]


def truth(images: DetectionImages, image_ids: NDArray[np.int64]) -> Truth:
    """The annotations of the images with these ids."""
    annotations = images.annotations
    # An image that was not evaluated would count as one without detections.
    evaluated = np.flatnonzero(np.isin(annotations.image_ids, image_ids))
    files, objects = list[Row](), list[Row]()
    for index in evaluated:
        height, width = images.size(int(index))
        id = int(annotations.image_ids[index])
        files.append({"id": id, "height": height, "width": width})
        own = annotations.own(int(index))
        for number in range(own.start, own.stop):
            row = annotations.rows.take(slice(number, number + 1))
            mask = annotations.masks[number]
            objects.append(
                {
                    # Their own numbers from 1: evaluation takes the id 0 for "no match".
                    "id": len(objects) + 1,
                    "image_id": id,
                    "category_id": int(row.category[0]),
                    "bbox": row.box[0].tolist(),
                    "area": float(row.area[0]),
                    "iscrowd": int(row.crowd[0]),
                    "segmentation": {"size": [height, width], "counts": mask},
                }
            )
    categories: list[Row] = [{"id": c.id, "name": c.name} for c in images.categories]
    return Truth({"images": files, "annotations": objects, "categories": categories})


def results(detections: Detections, images: DetectionImages, kind: str) -> list[Row]:
    """The detections in the form of COCO's result files, for boxes or for masks."""
    categories = [category.id for category in images.categories]
    at = {int(id): place for place, id in enumerate(images.ids)}
    rows: list[Row] = []
    for number in range(len(detections)):
        id = int(detections.image_ids[detections.image[number]])
        row: Row = {
            "image_id": id,
            "category_id": categories[int(detections.labels[number]) - 1],
            "score": float(detections.scores[number]),
        }
        if kind == "bbox":
            x1, y1, x2, y2 = detections.boxes[number].tolist()
            row |= {"bbox": [x1, y1, x2 - x1, y2 - y1]}
        elif detections.masks is not None:
            # Without a box: its area would decide what is small, in place of the mask's.
            size = list(images.size(at[id]))
            row |= {"segmentation": {"size": size, "counts": detections.masks[number]}}
        rows.append(row)
    return rows


def measured(detections: Detections, images: DetectionImages) -> dict[str, float | None]:
    """AP by metric, as fractions; None where no object is of the size that is counted.

    Only the images of `detections` are evaluated. Mask AP is there where the detections have masks.
    """
    values: dict[str, float | None] = {}
    expected = truth(images, detections.image_ids)
    for kind, before in KINDS.items():
        if kind == "bbox" or detections.masks is not None:
            summary = _summary(expected, results(detections, images, kind), kind)
            values |= {before + name: value for name, value in zip(NAMES, summary, strict=True)}
    return values


def _summary(expected: Truth, rows: list[Row], kind: str) -> list[float | None]:
    """The first six numbers of COCO's summary."""
    ours = COCO(dict(expected.dataset))
    # One thread: worker processes share the cores.
    evaluation = COCOeval_faster(ours, ours.loadRes(rows), kind, rle_iou_max_workers=1)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    # -1 is its word for a mean over nothing.
    return [None if value == -1 else float(value) for value in evaluation.stats[: len(NAMES)]]
