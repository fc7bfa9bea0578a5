"""Places of labels beside the points of a chart that may be shown at any width.

The printed figure places its labels for one width (`figures.label_placement`). Here a label keeps
its distance from its point in pixels while the points move with the width, so a place is free only
if it is free in a narrow chart and in a wide one.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from study.report.page.chart import PlacedLabel, Stretch

WIDTHS = (250, 480)  # pixels of a chart's axis on a telephone, and in a column of a wide screen
LETTER, LINE = 6.2, 14  # pixels: width of a letter and height of a line of 12 pixels
LONGEST = 22  # letters of a label; the whole of it is shown beside the pointer
RADIUS = 7  # pixels around a point that no label covers
MOST = 14  # labels in one chart


class PixelBox(NamedTuple):
    """A rectangle in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def over(self, other: "PixelBox") -> bool:
        return min(self.right, other.right) > max(self.left, other.left) and min(
            self.bottom, other.bottom
        ) > max(self.top, other.top)


class LabelledPoint(NamedTuple):
    """A point in per cent, y upwards, and the bars of its intervals across and up, if any."""

    text: str
    x: float
    y: float
    across: Stretch | None
    up: Stretch | None


def labels(
    points: Sequence[LabelledPoint], order: Sequence[int], height: int
) -> list[PlacedLabel | None]:
    """A label for each point, or None where no place is free; `order` is that of placing them."""
    where = [[(p.x * w / 100, (100 - p.y) * height / 100) for w in WIDTHS] for p in points]
    taken = [
        [
            box
            for point, at in zip(points, where, strict=True)
            for box in _occupied(point, at[number], (width, height))
        ]
        for number, width in enumerate(WIDTHS)
    ]
    # A point without a free place keeps None, and its name beside the pointer.
    placed: list[PlacedLabel | None] = [None] * len(points)
    for number in order[:MOST]:
        for label in _candidates(shortened(points[number].text, LONGEST)):
            # One box for each width; all of them have to be free.
            boxes = [_box(label, *at) for at in where[number]]
            if all(map(_free, boxes, taken, WIDTHS, [height] * len(WIDTHS))):
                placed[number] = label
                for box, boxes_there in zip(boxes, taken, strict=True):
                    boxes_there.append(box)
                break
    return placed


def _occupied(
    point: LabelledPoint, at: tuple[float, float], size: tuple[int, int]
) -> Iterator[PixelBox]:
    """The places of a point and of its bars, in a chart of `size` pixels."""
    (x, y), (width, height) = at, size
    yield PixelBox(x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS)
    if point.across:
        start, end = (place * width / 100 for place in point.across)
        yield PixelBox(start, y - 1, end, y + 1)
    if point.up:
        low, high = ((100 - place) * height / 100 for place in point.up)
        yield PixelBox(x - 1, high, x + 1, low)


def _candidates(text: str) -> Iterator[PlacedLabel]:
    """Places of a label: beside the point, then above and below, then further away with a line."""
    # The right side first, as lines are read from the left.
    yield PlacedLabel(text, 9, 0, "start", False)
    yield PlacedLabel(text, -9, 0, "end", False)
    yield PlacedLabel(text, 0, -14, "middle", False)
    yield PlacedLabel(text, 0, 14, "middle", False)
    for away in range(1, 13):
        for down in (-away, away):
            for across, align in ((16, "start"), (-16, "end")):
                yield PlacedLabel(text, across, down * 8, align, True)


def _box(label: PlacedLabel, x: float, y: float) -> PixelBox:
    width = LETTER * len(label.text)
    left = {"start": 0.0, "middle": width / 2, "end": width}[label.align]
    start, middle = x + label.dx - left, y + label.dy
    return PixelBox(start, middle - LINE / 2, start + width, middle + LINE / 2)


def _free(box: PixelBox, taken: Sequence[PixelBox], width: int, height: int) -> bool:
    # The right margin of a chart is wide enough for what stands beyond its axis.
    inside = box.left >= 0 and box.right <= width + 8 and box.top >= 0 and box.bottom <= height
    return inside and not any(box.over(other) for other in taken)


def shortened(text: str, most: int) -> str:
    """The first letters of a text, with an ellipsis if it has more than `most`."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
