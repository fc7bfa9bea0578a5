"""Layout of figures that read like a table: an arm per row, its label left, its numbers right."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.plan.plan import Plan
from study.report.blocks import blocks
from study.report.figures.style import GREY, PALE, TINY
from study.report.figures.text_fit import wrapped

INCH = 0.125  # inches: height of one line
GAP = 0.45  # lines between rows
TALLEST = 58  # lines that fit on a page of a paper

Item = TypeVar("Item")


@dataclass(frozen=True)
class Line:
    """The label of a row, not yet placed."""

    text: str
    key: str | None
    """Digest of the arm; None for the heading of a block."""


@dataclass(frozen=True)
class FigureRow:
    """A row at its place on the page; `y` and `height` are in lines, downwards."""

    text: str
    key: str | None
    y: float
    height: float


Page = tuple[FigureRow, ...]


def arm_lines(plan: Plan, *, baseline: bool) -> list[Line]:
    """The arms in the blocks of the table; the baseline once at the top, or not at all."""
    base, lines = plan.baseline, []
    for head, rows in blocks(plan):
        arms = [Line(label, arm.digest) for label, arm in rows if arm is not base]
        lines += [Line(head, None), *arms] if head and arms else arms
    label = base.label if base.label == "baseline" else f"{base.label} (baseline)"
    return [Line(label, base.digest), *lines] if baseline else lines


def pages(lines: Iterable[Line], room: float, notes: Mapping[str, str] | None = None) -> list[Page]:
    """Rows placed on as many pages as they need; `room` is the width of a label in points.

    `notes` are the texts at the right of the rows by arm, which may have several lines. A block
    that continues on the next page repeats its heading.
    """
    pages_: list[list[FigureRow]] = [[]]
    y, head = 0.0, None
    for line in lines:
        text = wrapped(line.text, room)
        height = 1.0 + max(text.count("\n"), (notes or {}).get(line.key or "", "").count("\n"))
        if y + height > TALLEST and line.key is not None:
            pages_.append([])
            y = 0.0
            if head:
                pages_[-1].append(FigureRow(head, None, 0.5, 1.0))
                y = 1.0 + GAP
        head = text if line.key is None else head
        pages_[-1].append(FigureRow(text, line.key, y + height / 2, height))
        y += height + GAP
    return [tuple(page) for page in pages_ if any(row.key for row in page)]


def sheet(
    page: Page, columns: int, width: float, *, spare: float = 0.75
) -> tuple[Figure, Sequence[Axes]]:
    """A figure with panels side by side over the rows; `spare` inches are for axes and legend."""
    # Rows have the same height on every page and in every figure: the figure grows with them.
    end = page[-1].y + page[-1].height / 2 + GAP / 2
    # Inches; rows are measured in lines.
    figure = Figure(figsize=(width, spare + INCH * (end + GAP / 2)))
    panels = figure.subplots(1, columns, sharey=True, squeeze=False)[0]
    for axes in panels:
        axes.grid(False, axis="y")
        axes.grid(True, axis="x")
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        # A rule above every block but one that begins at the top of the page.
        for row in page[1:]:
            if row.key is None:
                axes.axhline(row.y - row.height / 2 - GAP / 2, color=PALE, linewidth=0.6, zorder=0)
    # Inverted, because rows are counted downwards.
    panels[0].set_ylim(end, -GAP / 2)
    # Tick labels instead of texts: the constrained layout makes room for them.
    ticks = [row.y for row in page]
    panels[0].set_yticks(ticks, [row.text for row in page], parse_math=False, linespacing=1.0)
    for row, label in zip(page, panels[0].get_yticklabels(), strict=True):
        if row.key is None:
            label.set(fontstyle="italic", color=GREY)
    return figure, panels


def places(page: Page) -> dict[str, float]:
    """The vertical place of each arm by digest."""
    return {row.key: row.y for row in page if row.key is not None}


def write_beside(axes: Axes, y: float, text: str, *, word: bool = False) -> None:
    """Write a text at the right of a row; a `word` that stands for a number is grey and italic."""
    note = axes.annotate(
        text,
        (1, y),
        (3, 0),
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
