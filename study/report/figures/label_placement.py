"""Placement of labels beside points, each where it covers nothing and close to its point."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from study.report.figures.style import BLACK, GREY, TINY
from study.report.figures.text_fit import width

# adjustText 1.4 was tried instead: its bytes repeat with a fixed `iter_lim`, but it knows no lines,
# and with 9 and 16 arms it put labels over points and over the front where these stay clear.
FAR = (4.0, 7.0, 11.0, 16.0, 22.0, 29.0, 37.0, 46.0)
"""Points between a mark and the edge of its label."""
ANGLES = (0, 180, 90, 270, 30, -30, 150, 210, 55, -55, 125, 235)  # degrees, the best side first
SLID = tuple((angle, slide) for slide in (-0.15, 0.15, -0.3, 0.3) for angle in (90, 270))
"""Places above and below a mark, by the share of its width that the label is moved."""
TILTED = 2.0  # cost of a place that is not level with the point
AMBIGUOUS = 25.0  # cost of a place without a leader that is hardly nearer to its own mark
MARK = 4.5  # points across a mark: marks that are closer overlap
SAME = 1.0  # points between marks that look like one
BOLD = 1.15  # width of bold letters over that of others, at most
ROUNDS = 3  # in which every label is moved, given the places of all others
CLEAR = 1.0  # square points of overlap that no one sees

Point = tuple[float, float]
Segment = tuple[Point, Point]


@dataclass(frozen=True)
class Label:
    """A text for a point, in data coordinates."""

    point: Point
    text: str
    """"" for a point that others avoid and that is not named."""
    needed: bool = False
    """True if it is written even where it covers a line or another label."""
    colour: str = BLACK
    weight: str = "normal"


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


class Place(NamedTuple):
    """A candidate: the offset from the point to the centre of the label, and the label's box."""

    dx: float
    dy: float
    box: Box
    far: float
    """Cost of its distance and direction."""
    leader: tuple[Box, ...]
    """Small boxes along the line from the point to the label."""


def place(
    axes: Axes, labels: Sequence[Label], lines: Sequence[Segment], bars: Sequence[Segment] = ()
) -> list[str]:
    """Write each label beside its point, away from points, `lines` and the other labels.

    Lines and bars are upright or level; bars are quiet, and a label may lie on one. Every label
    is inside the axes and nearer to its own point than to any other. Returns the labels that are
    left out, as there is no such place for them.
    """
    figure = axes.get_figure(root=True)
    assert isinstance(figure, Figure)
    figure.draw_without_rendering()  # only then does the layout say where points are
    field = _field(axes, 72 / figure.dpi, labels, lines, bars)
    chosen = dict[int, Place]()
    for number in ROUNDS * [*range(len(labels))]:
        _choose(field, labels, chosen, number)
    # Labels that are not needed give way, the last first.
    for number in sorted(chosen, key=lambda n: (labels[n].needed, -n)):
        if not _fits(field, labels, chosen, number):
            del chosen[number]
    # Where others gave way, there may be room now.
    left_out = [n for n, label in enumerate(labels) if label.text and n not in chosen]
    for number in left_out:
        _choose(field, labels, chosen, number)
        if number in chosen and not _fits(field, labels, chosen, number):
            del chosen[number]
    for number, spot in chosen.items():
        _write(axes, labels[number], spot)
    return [labels[number].text for number in left_out if number not in chosen]


def _choose(
    field: "_Field", labels: Sequence[Label], chosen: dict[int, Place], number: int
) -> None:
    """Move a label to its best place, given those of all others; remove it if there is none."""
    chosen.pop(number, None)
    every = [*_candidates(field.positions[number], labels[number])]
    options = [spot for spot in every if not field.misleads(number, spot)]
    # Among close marks a wide label is as near to others, and a leader says whose it is.
    if not options and labels[number].needed:
        options = [o for o in every if o.leader and not field.misleads(number, o, led=True)]
    if options:
        others = [*chosen.values()]
        # `min` keeps the first of equals, so a label takes the nearest free place.
        chosen[number] = min(
            options, key=lambda o: o.far + field.doubt(number, o) + field.cost(o, others)
        )


def _fits(field: "_Field", labels: Sequence[Label], chosen: dict[int, Place], number: int) -> bool:
    """True if a label covers nothing, or, if it is needed, no other label."""
    spot, others = chosen[number], [place for key, place in chosen.items() if key != number]
    if labels[number].needed:
        return all(spot.box.over(other.box) <= CLEAR for other in others)
    return field.cost(spot, others, quiet=0) <= CLEAR


@dataclass(frozen=True)
class _Field:
    """The marks and lines of a panel that labels keep away from, in points of the page."""

    positions: Sequence[Point]
    marks: Sequence[Box]
    lines: Sequence[Box]
    bars: Sequence[Box]
    inside: Box

    def misleads(self, number: int, spot: Place, *, led: bool = False) -> bool:
        """True if the label leaves the axes, or is no nearer to its own mark than to another.

        With `led` it is enough that its leader ends nearest to its own mark.
        """
        box, own = spot.box, self.positions[number]
        area = (box.right - box.left) * (box.top - box.bottom)
        if area - box.over(self.inside) > CLEAR:
            return True
        # A leader that ends nearest to its own mark has passed no other one on its way.
        end, reach = _nearest(own, box), _apart(box, own)
        others = (mark for mark in self.positions if math.dist(mark, own) > SAME)
        return any(
            math.dist(end, mark) <= math.dist(end, own)
            # Of marks that overlap, the label cannot be nearer to one as a whole.
            or (not led and math.dist(mark, own) > MARK and _apart(box, mark) <= reach)
            for mark in others
        )

    def doubt(self, number: int, spot: Place) -> float:
        """A cost if the label is next to another mark than its own, and no line ties it to it."""
        if spot.leader:
            return 0.0
        own, *others = (
            _apart(spot.box, self.positions[n])
            for n in sorted(range(len(self.positions)), key=lambda n: n != number)
        )
        return AMBIGUOUS * any(other < own + 2 for other in others)

    def cost(self, spot: Place, others: Sequence[Place], quiet: float = 0.3) -> float:
        """Area of covered marks, lines and labels, and thrice the area outside the axes.

        `quiet` is the weight of bars, and of marks under a leader.
        """
        box = spot.box
        area = (box.right - box.left) * (box.top - box.bottom)
        covered = sum(box.over(other) for other in (*self.marks, *self.lines))
        covered += quiet * sum(box.over(other) for other in self.bars)
        covered += sum(2 * box.over(other.box) for other in others)
        # Leaders may cross lines, but neither labels nor other leaders' labels.
        covered += sum(3 * dot.over(other.box) for dot in spot.leader for other in others)
        covered += sum(3 * dot.over(box) for other in others for dot in other.leader)
        # A leader may cross a line or a bar, but not run along it.
        below = (*self.marks, *self.lines, *self.bars)
        under = sum(dot.over(other) for dot in spot.leader[1:] for other in below)
        covered += 4 * quiet * under
        return covered + 3 * (area - box.over(self.inside))


def _field(
    axes: Axes,
    scale: float,
    labels: Sequence[Label],
    lines: Sequence[Segment],
    bars: Sequence[Segment],
) -> _Field:
    # Matplotlib transforms to pixels of the figure's resolution; a point is 1/72 inch.
    def on_page(point: Point) -> Point:
        x, y = axes.transData.transform(point)
        return float(scale * x), float(scale * y)

    def line(segment: Segment) -> Box:
        (x0, y0), (x1, y1) = map(on_page, segment)
        return Box(min(x0, x1) - 0.7, min(y0, y1) - 0.7, max(x0, x1) + 0.7, max(y0, y1) + 0.7)

    positions = [on_page(label.point) for label in labels]
    # Marks are 4.5 points wide; 3 on each side leave a little space around them.
    marks = [Box(x - 3, y - 3, x + 3, y + 3) for x, y in positions]
    whole = axes.get_window_extent()
    inside = Box(*(scale * v for v in (whole.x0, whole.y0, whole.x1, whole.y1)))
    return _Field(positions, marks, [*map(line, lines)], [*map(line, bars)], inside)


def _candidates(point: Point, label: Label) -> Iterator[Place]:
    if not label.text:
        return
    rows = label.text.split("\n")
    across, along = max(width(row, TINY) for row in rows), 1.15 * TINY * len(rows)
    across *= BOLD if label.weight == "bold" else 1
    x, y = point
    for far in FAR:
        for degrees, slide in (*((angle, 0.0) for angle in ANGLES), *SLID):
            cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
            dx, dy = cos * (far + across / 2) + slide * across, sin * (far + along / 2)
            # Beside a mark, the label's edge is level with the direction and not its centre.
            dx += math.copysign(across / 2 * (1 - abs(cos)), cos) if abs(cos) > 0.1 else 0
            box = Box(
                x + dx - across / 2, y + dy - along / 2, x + dx + across / 2, y + dy + along / 2
            )
            leader = tuple(_leader(point, box)) if far > FAR[0] else ()
            tilted = TILTED * bool(sin) + TILTED * abs(slide)
            yield Place(dx, dy, box, far / 2 + tilted, leader)


def _apart(box: Box, point: Point) -> float:
    """Distance of a point from a box; 0 inside."""
    x, y = point
    across = max(box.left - x, 0, x - box.right)
    return math.hypot(across, max(box.bottom - y, 0, y - box.top))


def _leader(point: Point, box: Box) -> Iterator[Box]:
    (x, y), end_x, end_y = point, *_nearest(point, box)
    for step in range(1, 6):
        a, b = x + (end_x - x) * step / 6, y + (end_y - y) * step / 6
        yield Box(a - 0.8, b - 0.8, a + 0.8, b + 0.8)


def _nearest(point: Point, box: Box) -> Point:
    """The point of a box's left or right edge, or of its middle, that is nearest to a point."""
    x, _ = point
    level = (box.bottom + box.top) / 2
    if x < box.left:
        return box.left, level
    return (box.right, level) if x > box.right else (x, box.bottom if point[1] < level else box.top)


def _write(axes: Axes, label: Label, spot: Place) -> None:
    note = axes.annotate(
        label.text,
        label.point,
        (spot.dx, spot.dy),
        textcoords="offset points",
        ha="center",
        va="center",
        fontsize=TINY,
        color=label.colour,
        weight=label.weight,
        linespacing=1.0,
        parse_math=False,
        zorder=5,
        path_effects=[withStroke(linewidth=1.5, foreground="white")],
    )
    note.set_in_layout(False)  # else the layout would shrink the axes and move the points
    if not spot.leader:
        return
    # From the point to the nearest edge of the label, both as offsets from the point.
    zero = (0.0, 0.0)
    half = (spot.box.right - spot.box.left) / 2, (spot.box.top - spot.box.bottom) / 2
    own = Box(spot.dx - half[0], spot.dy - half[1], spot.dx + half[0], spot.dy + half[1])
    line = axes.annotate(
        "",
        label.point,
        _nearest(zero, own),
        textcoords="offset points",
        arrowprops={
            "arrowstyle": "-",
            "color": GREY,
            "linewidth": 0.5,
            "shrinkA": 0,
            "shrinkB": 2.5,
        },
        zorder=2.5,
    )
    line.set_in_layout(False)
