"""Layout of figures that read like a table: an arm per row, its label left, its numbers right."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Annotation

from study.plan.plan import Plan
from study.report.blocks import arm_blocks
from study.report.figures.letters import drawable
from study.report.figures.style import BLACK, GREY, SMALL, TINY
from study.report.figures.text_fit import all_wrapped, width, wrapped
from study.report.table import plain
from study.spec.study import BASELINE

INCH = 0.125  # inches: height of one line
GAP = 0.45  # lines between rows
TALLEST = 58  # lines that fit on a page of a paper
LABEL = 7.5  # points: type of labels and headings
INDENT = 6  # points: labels stand in from the headings of their blocks
PAD = 5  # points between the labels and the axis

Item = TypeVar("Item")


@dataclass(frozen=True)
class Line:
    """The label of a row, not yet placed."""

    text: str
    key: str | None
    """Digest of the arm; None for the heading of a block."""
    note: str = ""
    """Words beside a heading."""


@dataclass(frozen=True)
class FigureRow:
    """A row at its place on the page; `y` and `height` are in lines, downwards."""

    text: str
    key: str | None
    y: float
    height: float
    note: str = ""


Page = tuple[FigureRow, ...]


def label_room(inches: float, panels: int = 1) -> float:
    """The width of the longest label in points, in a figure of this width."""
    return 72 * inches * (0.32 if panels == 1 else 0.25)


def used_room(lines: Iterable[Line], room: float) -> float:
    """The points that the labels of rows take of a room in which longer ones are broken."""
    longest = max((width(line.text, LABEL) for line in lines if line.key is not None), default=0.0)
    return min(room, longest + PAD + INDENT)


def arm_lines(plan: Plan, *, baseline: bool) -> list[Line]:
    """The arms in the blocks and the order of the table.

    With `baseline`, the baseline is the first row; without, each heading says what it is.
    """
    base, lines = plan.baseline, []
    for head, rows, _ in arm_blocks(plan):
        arms = [Line(label, arm.digest) for label, arm in rows if arm is not base]
        # Of several factors the baseline has a level each: too many words for a heading.
        alone = all(len(arm.arm.changed_factors) < 2 for _, arm in rows)
        note = f"baseline: {rows[0][0]}" if alone and not baseline else ""
        lines += [Line(head, None, note), *arms] if head and arms else arms
    named = base.label in (BASELINE, plan.study.baseline_title)
    label = base.label if named else f"{base.label} (baseline)"
    return [Line(label, base.digest), *lines] if baseline else lines


def of_arms(lines: Sequence[Line], arms: Collection[str]) -> list[Line]:
    """The lines of these arms, and the headings of blocks that have one of them."""
    chosen = list[Line]()
    for line in lines:
        # A heading that no arm follows is replaced by the next one.
        if chosen and chosen[-1].key is None and line.key is None:
            chosen.pop()
        if line.key is None or line.key in arms:
            chosen.append(line)
    return chosen[:-1] if chosen and chosen[-1].key is None else chosen


def pages(lines: Iterable[Line], room: float, notes: Mapping[str, str] | None = None) -> list[Page]:
    """Rows placed on as many pages as they need; `room` is the width of a label in points.

    `notes` are the texts at the right of the rows by arm, which may have several lines. A block
    that continues on the next page repeats its heading.
    """
    pages_: list[list[FigureRow]] = [[]]
    y, head = 0.0, None
    lines = list(lines)
    rows = [line.text for line in lines if line.key is not None]
    labels = dict(zip(rows, all_wrapped(rows, room), strict=True))
    for line in lines:
        # A heading has the width of the figure, so it is one line.
        text = line.text if line.key is None else labels[line.text]
        height = 1.0 + max(text.count("\n"), (notes or {}).get(line.key or "", "").count("\n"))
        if y + height > TALLEST and line.key is not None:
            pages_.append([])
            y = 0.0
            if head:
                pages_[-1].append(FigureRow(head.text, None, 0.5, 1.0, head.note))
                y = 1.0 + GAP
        if line.key is None:
            head = line
            y += GAP * bool(y)
        pages_[-1].append(FigureRow(text, line.key, y + height / 2, height, line.note))
        y += height + GAP
    return [tuple(page) for page in pages_ if any(row.key for row in page)]


def sheet(
    page: Page, columns: int, inches: float, *, spare: float = 0.75
) -> tuple[Figure, Sequence[Axes]]:
    """A figure with panels side by side over the rows; `spare` inches are for axes and legend."""
    # Rows have the same height on every page and in every figure: the figure grows with them.
    end = page[-1].y + page[-1].height / 2 + GAP / 2
    # Inches; rows are measured in lines.
    figure = Figure(figsize=(inches, spare + INCH * (end + GAP / 2)))
    panels = figure.subplots(1, columns, sharey=True, squeeze=False)[0]
    for axes in panels:
        axes.grid(False, axis="y")
        axes.grid(True, axis="x")
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
    # Inverted, because rows are counted downwards.
    panels[0].set_ylim(end, -GAP / 2)
    _write_labels(panels[0], page, 72 * inches)
    return figure, panels


def _write_labels(axes: Axes, page: Page, room: float) -> None:
    """Write labels and headings to the left edge of the figure, which is `room` points wide."""
    rows = [row for row in page if row.key is not None]
    # Without headings there is nothing to stand in from.
    indent = INDENT if len(rows) < len(page) else 0
    lines = [line for row in rows for line in row.text.split("\n")]
    edge = max(width(line, LABEL) for line in lines) + PAD + indent
    # Tick labels instead of texts: the constrained layout makes room for them.
    ticks = [row.y for row in rows]
    axes.set_yticks(ticks, [row.text for row in rows], parse_math=False, linespacing=1.0)
    axes.tick_params(axis="y", pad=edge - indent)
    for label in axes.get_yticklabels():
        # To the left, as the labels of a table: headings begin at the same edge.
        label.set(horizontalalignment="left", verticalalignment="center")
    for row in page:
        if row.key is None:
            _write_heading(axes, row, left=-edge, room=room)


def _write_heading(axes: Axes, row: FigureRow, *, left: float, room: float) -> None:
    """Write the heading of a block, which may reach over the rows' labels and into the panel."""
    text = wrapped(row.text, room - 2 * PAD, size=LABEL, lines=1)
    # Bold letters are up to 15 % wider.
    free = room - 1.15 * width(text, LABEL) - 3 * PAD
    head = _words(axes, text, (0, row.y), left, across=("axes fraction", "data"))
    head.set(fontsize=LABEL, fontweight="bold", color=BLACK)
    note = drawable(plain(row.note))
    if note and width(note, SMALL) <= free:
        _words(axes, note, (1, 0.5), 5, across=head)


def _words(
    axes: Axes,
    text: str,
    place: tuple[float, float],
    offset: float,
    *,
    across: tuple[str, str] | Annotation,
) -> Annotation:
    """Grey words over the grid; `offset` is in points.

    The words interrupt lines that reach over all rows: a line at zero would strike letters out.
    """
    return axes.annotate(
        text,
        place,
        (offset, 0),
        xycoords=across,
        textcoords="offset points",
        ha="left",
        va="center",
        fontsize=SMALL,
        color=GREY,
        annotation_clip=False,
        parse_math=False,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
    )


def places(page: Page) -> dict[str, float]:
    """The vertical place of each arm by digest."""
    return {row.key: row.y for row in page if row.key is not None}


def write_beside(axes: Axes, y: float, text: str, *, word: bool = False, offset: float = 4) -> None:
    """Write a text at the right of a row; a `word` that stands for a number is grey and italic."""
    note = axes.annotate(
        text,
        (1, y),
        (offset, 0),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        ha="left",
        va="center",
        fontsize=TINY,
        linespacing=1.0,
        parse_math=False,
    )
    if word:
        note.set(fontstyle="italic", color=GREY)


def chunks(items: list[Item], most: int) -> Iterator[list[Item]]:
    """The items in parts of at most `most`, as equal in size as possible."""
    # The negations round up without the detour over floats.
    count = -(-len(items) // most)
    size = -(-len(items) // max(1, count))
    yield from (items[start : start + size] for start in range(0, len(items), max(1, size)))
