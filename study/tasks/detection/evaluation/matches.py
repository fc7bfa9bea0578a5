"""Which detections match an object, from which AP of any sample of images is computed.

The matching is that of COCO's evaluation (Lin et al. 2014, arXiv 1405.0312), over objects of all
sizes. faster-coco-eval keeps its own inside compiled code, and thousands of bootstrap samples must
not match again.
"""

from typing import NamedTuple

import numpy as np
from faster_coco_eval.core import mask as rle
from numpy.typing import NDArray

from study.errors import DamagedError
from study.tasks.detection.data.annotations import Ints
from study.tasks.detection.data.images import DetectionImages
from study.tasks.detection.evaluation.coco import MASK
from study.tasks.detection.evaluation.detections import Detections, stored
from study.tasks.image_samples import Arrays

THRESHOLDS = np.linspace(0.5, 0.95, 10)  # of the overlap (IoU)
# One number per detection in place of ten: 100 detections of 5,000 images are 1 MB, not 5.
BITS = 1 << np.arange(len(THRESHOLDS), dtype=np.uint16)
HIT, IGNORED = "hit", "ignored"
OBJECTS = ("object_image", "object_category")
SHARED = ("image", "categories", "scores")
"""Arrays of the detections that matches of boxes and of masks share."""


class Matches(NamedTuple):
    """D detections with their matches at ten thresholds, and the objects that could be found."""

    images: Ints
    """(I,) ids of the evaluated images."""
    image: NDArray[np.int32]
    """(D,) place of every detection's image among them."""
    label: NDArray[np.int16]
    """(D,) category, from 1."""
    score: NDArray[np.float32]
    hit: NDArray[np.uint16]
    """(D,) bit t is set where the detection matches an object at threshold t."""
    ignored: NDArray[np.uint16]
    """(D,) bit t is set where it matches a crowd, which counts neither as right nor as wrong."""
    object_image: NDArray[np.int32]
    """(G,) places of the images of all objects but crowds."""
    object_label: NDArray[np.int16]


def written(detections: Detections, images: DetectionImages) -> bytes:
    """The content of the file that a trial stores: its detections and their matches."""
    objects = [images.objects(i, masks=False) for i in _places(detections, images)]
    real = [~each.crowd for each in objects]
    values: dict[str, NDArray[np.generic]] = {
        "object_image": np.repeat(np.arange(len(real), dtype=np.int32), [r.sum() for r in real]),
        "object_category": np.concatenate(
            [np.zeros(0, int), *(o.labels[r] for o, r in zip(objects, real, strict=True))]
        ).astype(np.int16),
    }
    for before in ("", MASK) if detections.masks is not None else ("",):
        bits = matched(detections, images, masks=before == MASK)
        values |= {before + name: array for name, array in zip((HIT, IGNORED), bits, strict=True)}
    return stored(detections, values)


def of_arrays(values: Arrays, *, masks: bool) -> Matches:
    """The matches of a file that `written` made.

    Raises:
        DamagedError: it has none of boxes, or of masks.
    """
    before = MASK if masks else ""
    names = ("image_ids", *SHARED, before + HIT, before + IGNORED, *OBJECTS)
    if lost := [name for name in names if name not in values]:
        raise DamagedError(f"it has no {', '.join(lost)}")
    return Matches._make(values[name] for name in names)


def matched(
    detections: Detections, images: DetectionImages, *, masks: bool
) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """`Matches.hit` and `Matches.ignored` of boxes, or of masks."""
    # A detection that stays 0 in both is wrong at every threshold.
    hit = np.zeros(len(detections), np.uint16)
    ignored = np.zeros(len(detections), np.uint16)
    ends = np.searchsorted(detections.image, np.arange(len(detections.image_ids) + 1))
    for place, index in enumerate(_places(detections, images)):
        own = np.arange(ends[place], ends[place + 1])
        objects = images.objects(index, masks=False)
        # Other categories have nothing to match: most detections of a weak detector.
        for label in np.intersect1d(detections.labels[own], objects.labels):
            mine = own[detections.labels[own] == label]
            # Most confident first; of equal ones, the first.
            mine = mine[np.argsort(-detections.scores[mine], kind="stable")]
            theirs = np.flatnonzero(objects.labels == label)
            # Crowds last: a detection matches one only if it matches nothing else.
            theirs = theirs[np.argsort(objects.crowd[theirs], kind="stable")]
            crowd = objects.crowd[theirs]
            overlaps = _overlaps(detections, images, mine, _Those(index, theirs, crowd), masks)
            hit[mine], ignored[mine] = _bits(overlaps, crowd)
    return hit, ignored


class _Those(NamedTuple):
    """Some objects of an image: their places among its objects, and which are crowds."""

    image: int
    places: Ints
    crowd: NDArray[np.bool_]


def _places(detections: Detections, images: DetectionImages) -> list[int]:
    """The indices of the evaluated images."""
    at = {int(id): index for index, id in enumerate(images.ids)}
    return [at[int(id)] for id in detections.image_ids]


def _overlaps(
    detections: Detections, images: DetectionImages, mine: Ints, those: _Those, masks: bool
) -> NDArray[np.float64]:
    """(D, G) intersection over union; over the detection's own area for crowds."""
    annotations = images.annotations
    rows = annotations.own(those.image).start + those.places
    ours: list[object]
    theirs: list[object]
    if masks and detections.masks is not None:
        size = list(images.size(those.image))
        ours = [{"size": size, "counts": detections.masks[i]} for i in mine]
        theirs = [{"size": size, "counts": annotations.masks[i]} for i in rows]
    else:
        # In double precision, as results that are read from JSON.
        corner, opposite = np.hsplit(detections.boxes[mine].astype(np.float64), 2)
        ours = np.hstack([corner, opposite - corner]).tolist()
        theirs = annotations.rows.box[rows].tolist()
    return np.asarray(rle.iou(ours, theirs, those.crowd.astype(int).tolist()), np.float64)


def _bits(
    overlaps: NDArray[np.float64], crowd: NDArray[np.bool_]
) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """The bits of D detections, which choose among G objects in their order."""
    hit, ignored = (np.zeros(len(overlaps), np.uint16) for _ in range(2))
    for bit, threshold in zip(BITS, THRESHOLDS, strict=True):
        # A crowd is never taken: any number of detections may lie in it.
        taken = np.zeros(len(crowd), bool)
        for place, row in enumerate(overlaps):
            near = row >= threshold
            for candidates in (near & ~taken & ~crowd, near & crowd):
                if candidates.any():
                    # The last of equal overlaps, as COCO's loop goes on while it finds no worse.
                    best = len(row) - 1 - int(np.argmax(np.where(candidates, row, -1)[::-1]))
                    taken[best] = True
                    (ignored if crowd[best] else hit)[place] |= bit
                    break
    return hit, ignored
