"""Problems of single entries that can be read and are wrong."""

from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from study.tasks.detection.data.annotations import Annotations, Rows
from study.tasks.detection.data.reading import positions
from study.tasks.detection.schema.data import CocoData

OUTSIDE = 1.0  # px; COCO's own boxes are rounded, and lie outside by less
MOST = 10  # categories in a message


def entry_problems(annotations: Annotations, data: CocoData, *, masks: bool) -> Iterator[str]:
    """Messages about entries that can be read and are wrong."""
    rows = annotations.rows
    if not len(annotations):
        yield "has no images"
    elif not rows.total:
        yield "has no annotations, so that there is nothing to learn or to evaluate"
    if not annotations.categories:
        yield "has no categories"
    ids, counts = np.unique(rows.id, return_counts=True)
    for id, count in zip(ids[counts > 1], counts[counts > 1], strict=True):
        yield f"annotation {id} is in the file {count} times"
    if not rows.total or not len(annotations) or not annotations.categories:
        return
    yield from _references(annotations)
    for row in _each(rows, rows.crowd > 1):
        yield f"{_name(row)}: iscrowd {row.crowd} is not 0 or 1"
    yield from _boxes(annotations)
    if data.zero_area == "refuse":
        for row in _each(rows, rows.without_area):
            yield (
                f"{_name(row)} has no area: box {_box(row)}, area {row.area:g}; correct it, or "
                "write zero_area: drop to leave such objects out"
            )
    else:
        annotations = annotations.with_area()
    if masks:
        for row in _each(annotations.rows, annotations.masks.lengths == 0):
            yield f"{_name(row)} has no mask, which the model learns"


def _references(annotations: Annotations) -> Iterator[str]:
    """Messages about objects of images or categories that the file does not have."""
    rows = annotations.rows
    for row in _each(rows, positions(rows.image, annotations.image_ids) < 0):
        yield f"{_name(row)}: the file has no such image"
    categories = np.array([category.id for category in annotations.categories])
    for row in _each(rows, positions(rows.category, categories) < 0):
        yield f"{_name(row)}: unknown category {row.category} (known: {_first(categories)})"


def _boxes(annotations: Annotations) -> Iterator[str]:
    """Messages about boxes that are no numbers, or do not lie in their image."""
    rows = annotations.rows
    images = positions(rows.image, annotations.image_ids)
    finite = np.isfinite(rows.box).all(1) & np.isfinite(rows.area)
    for row in _each(rows, ~finite):
        yield f"{_name(row)}: box {_box(row)} or area {row.area:g} is not finite"
    sizes = annotations.sizes[images][:, ::-1]  # (N, 2) width and height
    corner, sides = np.hsplit(rows.box, 2)
    # (N, 4) pixels beyond the left, upper, right and lower edge.
    beyond = np.concatenate([-corner, corner + sides - sizes], 1)
    farthest = np.where(finite & (images >= 0), beyond.max(1), 0)
    outside = farthest > OUTSIDE
    for row, length, size in zip(
        _each(rows, outside), farthest[outside], sizes[outside], strict=True
    ):
        yield (
            f"{_name(row)}: box {_box(row)} lies {length:.4g} px outside its image of "
            f"{size[0]} × {size[1]} px"
        )


def _each(rows: Rows, chosen: NDArray[np.bool_]) -> Iterator[Rows]:
    """The chosen objects, each alone: the columns are numbers."""
    for index in np.flatnonzero(chosen):
        yield Rows._make(column[index] for column in rows)


def _name(row: Rows) -> str:
    return f"annotation {row.id} of image {row.image}"


def _box(row: Rows) -> str:
    return "[" + ", ".join(f"{value:g}" for value in row.box) + "]"


def _first(ids: Iterable[int]) -> str:
    listed = [str(id) for id in islice(ids, MOST + 1)]
    return ", ".join(listed[:MOST]) + ", ..." * (len(listed) > MOST)
