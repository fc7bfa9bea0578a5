"""Placement of labels beside points, each where it covers as little as possible."""

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from study.report.figures.style import TINY
from study.report.figures.text_fit import width

# adjustText 1.4 was tried instead: its bytes repeat with a fixed `iter_lim`, but it knows no lines,
# and with 9 and 16 arms it put labels over points and over the front where these stay clear.
FAR = (5.0, 9.0, 14.0)  # points between the centre of a mark and the nearest edge of its label
SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))


class Box(NamedTuple):
    """A rectangle on the page, in points."""

    left: float
    bottom: float
    right: float
    top: float

    def over(self, other: "Box") -> float:
        """Area of the overlap with another rectangle."""
        across = min(self.right, other.right) - max(self.left, other.left)
        along = min(self.top, other.top) - max(self.bottom, other.bottom)
        return across * along if across > 0 and along > 0 else 0.0


def place(
    axes: Axes,
    points: Sequence[tuple[float, float]],
    texts: Sequence[str],
    segments: Sequence[tuple[tuple[float, float], tuple[float, float]]] = (),
) -> None:
    """Write each text beside its point, away from points, `segments` and earlier texts.

    An empty text is not written; its point is avoided all the same.
    """
    figure = axes.get_figure(root=True)
    assert isinstance(figure, Figure)
    figure.draw_without_rendering()  # only then does the layout say where points are
    scale = 72 / figure.dpi
    # Matplotlib transforms to pixels of the figure's resolution; a point is 1/72 inch.
    positions = [tuple(scale * c for c in axes.transData.transform(point)) for point in points]
    # Marks are 4.5 points wide; 3 on each side leave a little space around them.
    occupied = [Box(x - 3, y - 3, x + 3, y + 3) for x, y in positions]
    occupied += [_line(axes, scale, *segment) for segment in segments]
    whole = axes.get_window_extent()
    inside = Box(*(scale * v for v in (whole.x0, whole.y0, whole.x1, whole.y1)))
    for point, (x, y), text in zip(points, positions, texts, strict=True):
        if not text:
            continue
        size = width(text, TINY), TINY
        candidates = [(dx, dy, _box(x + dx, y + dy, *size)) for dx, dy in _offsets(size)]
        # `min` keeps the first of equals, so a label takes the nearest free place.
        dx, dy, box = min(candidates, key=lambda candidate: _cost(candidate[2], occupied, inside))
        occupied.append(box)
        note = axes.annotate(
            text,
            point,
            (dx, dy),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=TINY,
            parse_math=False,
            zorder=4,
            path_effects=[withStroke(linewidth=1.5, foreground="white")],
        )
        note.set_in_layout(False)  # else the layout would shrink the axes and move the points


def _offsets(size: tuple[float, float]) -> list[tuple[float, float]]:
    """Candidate offsets from a point to the centre of its label, the nearest first."""
    return [
        (h * (far + size[0] / 2) * (0.8 if v else 1), v * (far + size[1] / 2) * (0.8 if h else 1))
        for far in FAR
        for h, v in SIDES
    ]


def _box(x: float, y: float, across: float, along: float) -> Box:
    return Box(x - across / 2, y - along / 2, x + across / 2, y + along / 2)


def _line(axes: Axes, scale: float, start: tuple[float, float], end: tuple[float, float]) -> Box:
    (x0, y0), (x1, y1) = (axes.transData.transform(point) * scale for point in (start, end))
    # The box of a slanted line would cover far more; all segments here are upright or level.
    return Box(min(x0, x1) - 0.7, min(y0, y1) - 0.7, max(x0, x1) + 0.7, max(y0, y1) + 0.7)


def _cost(box: Box, occupied: Sequence[Box], inside: Box) -> float:
    """Area of covered marks and labels, plus three times the area outside the axes."""
    area = (box.right - box.left) * (box.top - box.bottom)
    return sum(box.over(other) for other in occupied) + 3 * (area - box.over(inside))
