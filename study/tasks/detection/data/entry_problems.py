"""Problems of single entries that can be read and are wrong."""

from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from study.tasks.detection.data.annotations import Annotations
from study.tasks.detection.data.reading import positions
from study.tasks.detection.schema.data import CocoData

OUTSIDE = 1.0  # px; COCO's own boxes are rounded, and lie outside by less
MOST = 10  # categories in a message


def entry_problems(annotations: Annotations, data: CocoData, *, masks: bool) -> Iterator[str]:
    """Messages about entries that can be read and are wrong."""
    rows = annotations.rows
    if not len(annotations):
        yield "has no images"
    elif not len(rows):
        yield "has no annotations, so that there is nothing to learn or to evaluate"
    if not annotations.categories:
        yield "has no categories"
    ids, counts = np.unique(rows["id"], return_counts=True)
    yield from (
        f"annotation {id} is in the file {n} times"
        for id, n in zip(ids[counts > 1], counts[counts > 1], strict=True)
    )
    if not len(rows) or not len(annotations) or not annotations.categories:
        return
    images = positions(rows["image"], annotations.image_ids)
    categories = np.array([category.id for category in annotations.categories])
    for row in rows[images < 0]:
        yield f"{_name(row)}: the file has no such image"
    for row in rows[positions(rows["category"], categories) < 0]:
        yield f"{_name(row)}: unknown category {row['category']} (known: {_first(categories)})"
    for row in rows[rows["crowd"] > 1]:
        yield f"{_name(row)}: iscrowd {row['crowd']} is not 0 or 1"
    yield from _boxes(rows, annotations.sizes[images], images >= 0)
    if data.zero_area == "refuse":
        for row in rows[annotations.without_area]:
            yield (
                f"{_name(row)} has no area: box {_box(row)}, area {row['area']:g}; correct it, or "
                "write zero_area: drop to leave such objects out"
            )
    else:
        annotations = annotations.with_area()
    if masks:
        for row in annotations.rows[annotations.masks.lengths == 0]:
            yield f"{_name(row)} has no mask, which the model learns"


def _boxes(
    rows: NDArray[np.void], sizes: NDArray[np.int32], known: NDArray[np.bool_]
) -> Iterator[str]:
    """Messages about boxes that are no numbers, or not in their image of `sizes` (N, 2)."""
    numbers = np.stack([rows[name] for name in ("x", "y", "w", "h", "area")], 1)
    finite = np.isfinite(numbers).all(1)
    for row in rows[~finite]:
        yield f"{_name(row)}: box {_box(row)} or area {row['area']:g} is not finite"
    past = np.stack(
        [-rows["x"], -rows["y"], rows["x"] + rows["w"], rows["y"] + rows["h"]], 1
    )  # (N, 4) px beyond the left, upper, right and lower edge
    past[:, 2:] -= sizes[:, ::-1]
    outside = np.nanmax(np.where(finite[:, None], past, 0), 1, initial=0)
    for index in np.flatnonzero(finite & known & (outside > OUTSIDE)):
        height, width = sizes[index]
        yield (
            f"{_name(rows[index])}: box {_box(rows[index])} lies {outside[index]:.4g} px outside "
            f"its image of {width} × {height} px"
        )


def _name(row: np.void) -> str:
    return f"annotation {row['id']} of image {row['image']}"


def _box(row: np.void) -> str:
    return "[" + ", ".join(f"{row[name]:g}" for name in ("x", "y", "w", "h")) + "]"


def _first(ids: Iterable[int]) -> str:
    listed = [str(id) for id in islice(ids, MOST + 1)]
    return ", ".join(listed[:MOST]) + ", ..." * (len(listed) > MOST)
