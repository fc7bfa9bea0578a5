"""Figures that read like a table: a row for an arm, its label at the left, numbers at the right."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.plan import Plan, blocks
from study.report.figures.style import GREY, PALE, TINY
from study.report.figures.words import wrapped

INCH = 0.125  # of one line
GAP = 0.45  # lines between rows
TALLEST = 58  # lines; what fits on a page of a paper


@dataclass(frozen=True)
class Line:
    text: str
    key: str | None
    """An arm's digest; None is the head of a block."""


@dataclass(frozen=True)
class Row:
    """A line in its place."""

    text: str
    key: str | None
    y: float
    height: float


Page = tuple[Row, ...]


def listed(plan: Plan, *, baseline: bool) -> list[Line]:
    """The arms in the table's blocks; the baseline once, in front of all, or not at all."""
    base, found = plan.baseline, []
    for head, rows in blocks(plan):
        own = [Line(label, arm.digest) for label, arm in rows if arm is not base]
        found += [Line(head, None), *own] if head and own else own
    label = base.label if base.label == "baseline" else f"{base.label} (baseline)"
    return [Line(label, base.digest), *found] if baseline else found


def pages(lines: Iterable[Line], room: float, notes: Mapping[str, str] | None = None) -> list[Page]:
    """Lines in their places, on as many pages as they need; `room` is that of a label in points.

    `notes` are what stands at the right of a row, which may be of several lines too. A block that
    goes on is headed again.
    """
    found: list[list[Row]] = [[]]
    y, head = 0.0, None
    for line in lines:
        text = wrapped(line.text, room)
        height = 1.0 + max(text.count("\n"), (notes or {}).get(line.key or "", "").count("\n"))
        if y + height > TALLEST and line.key is not None:
            found.append([])
            y = 0.0
            if head:
                found[-1].append(Row(head, None, 0.5, 1.0))
                y = 1.0 + GAP
        head = text if line.key is None else head
        found[-1].append(Row(text, line.key, y + height / 2, height))
        y += height + GAP
    return [tuple(page) for page in found if any(row.key for row in page)]


def sheet(page: Page, columns: int, width: float, *, spare: float = 0.75) -> tuple[Figure, Any]:
    """A figure with panels side by side over the rows; `spare` inches are for what is not a row."""
    end = page[-1].y + page[-1].height / 2 + GAP / 2
    figure = Figure(figsize=(width, spare + INCH * (end + GAP / 2)))
    panels = figure.subplots(1, columns, sharey=True, squeeze=False)[0]
    for axes in panels:
        axes.grid(False, axis="y")
        axes.grid(True, axis="x")
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        for row in page[1:]:
            if row.key is None:
                axes.axhline(row.y - row.height / 2 - GAP / 2, color=PALE, linewidth=0.6, zorder=0)
    panels[0].set_ylim(end, -GAP / 2)
    ticks = [row.y for row in page]
    panels[0].set_yticks(ticks, [row.text for row in page], parse_math=False, linespacing=1.0)
    for row, label in zip(page, panels[0].get_yticklabels(), strict=True):
        if row.key is None:
            label.set(fontstyle="italic", color=GREY)
    return figure, panels


def places(page: Page) -> dict[str, float]:
    """Where arms are, by digest."""
    return {row.key: row.y for row in page if row.key is not None}


def beside(axes: Axes, y: float, text: str, **look: Any) -> None:
    """A text at the right of a row."""
    axes.annotate(
        text, (1, y), (3, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
        ha="left", va="center", fontsize=TINY, linespacing=1.0, parse_math=False, **look,
    )  # fmt: skip


def chunks(items: list[Any], most: int) -> Iterator[list[Any]]:
    """Portions that are as equal as can be."""
    count = -(-len(items) // most)
    size = -(-len(items) // max(1, count))
    yield from (items[start : start + size] for start in range(0, len(items), max(1, size)))
