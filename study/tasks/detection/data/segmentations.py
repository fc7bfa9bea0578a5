"""Masks in the forms that COCO's files have: polygons, run lengths, compressed run lengths."""

from collections.abc import Sequence
from math import isfinite

from faster_coco_eval.core import mask as rle


class SegmentationError(Exception):
    """A mask that cannot be read; the message is the end of a sentence about it."""


def compressed(segmentation: object, height: int, width: int) -> bytes:
    """COCO's compressed run lengths of a mask in any of its forms; b"" for no polygons.

    The compiled code of faster-coco-eval does it, so that masks are the same as in evaluation.

    Raises:
        SegmentationError: it is none.
    """
    if isinstance(segmentation, dict):
        return _of_runs(segmentation, height, width)
    if not isinstance(segmentation, list):
        raise SegmentationError("segmentation is neither polygons nor run lengths")
    if not segmentation:
        return b""
    # segmToRle takes four numbers for a box, so that a polygon of two points would be filled.
    for number, polygon in enumerate(segmentation, 1):
        _check(polygon, number)
    return _compressed(segmentation, height, width)


def _compressed(segmentation: object, height: int, width: int) -> bytes:
    """Compressed run lengths of polygons, or of a mapping of size and run lengths."""
    counts: bytes = rle.segmToRle(segmentation, width, height)["counts"]
    return counts


def _check(polygon: object, number: int) -> None:
    """Refuse what encloses no area, by the number of the polygon."""
    if not isinstance(polygon, list):
        raise SegmentationError(f"polygon {number} is no list of x, y, x, y, ...")
    if len(polygon) % 2:
        raise SegmentationError(f"polygon {number} has {len(polygon)} numbers, which are no pairs")
    if len(polygon) < 6:
        points = len(polygon) // 2
        raise SegmentationError(
            f"polygon {number} has {points} point{'s' * (points != 1)}, and encloses no area"
        )
    # map, as a loop over the coordinates took a third of the time of reading a file.
    try:
        sound = all(map(isfinite, polygon))
    except TypeError:
        sound = False
    if not sound:
        raise SegmentationError(f"polygon {number} has a coordinate that is no finite number")


def _of_runs(segmentation: dict[str, object], height: int, width: int) -> bytes:
    size, counts = segmentation.get("size"), segmentation.get("counts")
    # Another size would fold the columns at another place.
    if size != [height, width]:
        raise SegmentationError(f"run lengths of size {size} in an image of [{height}, {width}]")
    if isinstance(counts, str):
        # Decoded once to check it: the compiled code adds up the runs.
        coded = counts.encode("ascii", "replace")
        try:
            rle.decode({"size": size, "counts": coded})
        except (ValueError, RuntimeError):
            raise SegmentationError(
                f"compressed run lengths that do not add up to {height} × {width} pixels"
            ) from None
        return coded
    if not isinstance(counts, list) or not _whole(counts):
        raise SegmentationError("counts are neither a text nor whole numbers from 0 on")
    if (total := sum(counts)) != height * width:
        raise SegmentationError(
            f"run lengths add up to {total} pixels, and the image has {height * width}"
        )
    return _compressed({"size": size, "counts": counts}, height, width)


def _whole(counts: Sequence[object]) -> bool:
    return all(type(count) is int and count >= 0 for count in counts)
