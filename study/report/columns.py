"""Layout of a table in a terminal: how wide each column is, and which ones stand side by side."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, JustifyMethod, RenderableType, RenderResult
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

LONGEST_WORD = 24  # letters; a longer word of prose may be broken
INDENT = 2  # a mark and a space before a label
INTERVAL = re.compile(r" (?=[\[(])")
SHORTEST_LABEL = 8  # letters: so many of a long label fit on a line of the narrowest column
PROSE = re.compile(r"[^\W\d_]{3}")  # three letters in a row: words, not numbers with units


TextColumn = tuple[str, Sequence[str]]
"""A heading and the texts of the cells below it."""


@dataclass(frozen=True)
class Layout:
    """Columns of a table that stand side by side, with their widths in characters."""

    indices: tuple[int, ...]
    """Numbers of the columns, from left to right."""
    widths: tuple[int, ...]
    """Width of each column in `indices`."""
    gap: int
    """Spaces between columns."""

    @property
    def width(self) -> int:
        return _total(self.widths, self.gap)


def layouts(
    columns: Sequence[TextColumn],
    order: Sequence[int],
    width: int,
    *,
    keys: int = 1,
    every: bool = False,
) -> list[Layout]:
    """One layout if all columns fit side by side, else one for each of the tables to be stacked.

    `order` lists the columns by importance; its first `keys` name a row and are in every layout. No
    number is broken: a column that has no room of its own is broken between words. With `every` all
    columns stand side by side and may exceed the width, for a file or a pipe.
    """
    whole, least = [_whole(*column) for column in columns], [_least(*column) for column in columns]
    names = list(order[:keys])
    label = max(names, key=whole.__getitem__)
    # One table is easier to read than two, so labels give way first.
    # Labels may shrink to a quarter of the width where that puts all columns side by side.
    shrunk = list(least)
    shrunk[label] = min(whole[label], max(SHORTEST_LABEL, width // 4))
    for gap in (2, 1):
        if every or _total(shrunk, gap) <= width:
            return [_spread(range(len(columns)), shrunk, whole, width, gap=gap)]
    # Stacked tables have room enough for whole words of labels, up to half of the width.
    word = max(map(_word, (columns[label][0], *columns[label][1])))
    least[label] = min(
        whole[label], max(SHORTEST_LABEL, width // 4, min(INDENT + word, width // 2))
    )
    left = width - 2 - _total([least[name] for name in names], 2)
    for number in order[keys:]:
        # A column that is too wide has a table of its own, where its cells have several lines.
        least[number] = min(least[number], left)
    groups = _stacked(order, keys, least, width)
    return [_spread(sorted(group), least, whole, width, gap=2) for group in groups]


def _total(widths: Sequence[int], gap: int) -> int:
    return sum(widths) + gap * (len(widths) - 1)


def _stacked(order: Sequence[int], keys: int, least: Sequence[int], width: int) -> list[list[int]]:
    """The columns in groups that fit, by importance, each with those that name a row."""
    groups = list[list[int]]()
    for number in order[keys:]:
        fitting = (g for g in groups if _total([least[i] for i in (*g, number)], 2) <= width)
        if (group := next(fitting, None)) is not None:
            group.append(number)
        else:
            groups.append([*order[:keys], number])
    return groups


def _spread(
    fitting: Sequence[int], least: Sequence[int], whole: Sequence[int], width: int, *, gap: int
) -> Layout:
    """The layout that divides the spare width among columns in proportion to what they lack."""
    widths = [least[number] for number in fitting]
    wants = [whole[number] - least[number] for number in fitting]
    left = min(sum(wants), max(0, width - _total(widths, gap)))
    for place, want in enumerate(wants):
        # Of what is left for this column and those after it, so that rounding loses no character.
        share = left * want // max(1, sum(wants[place:]))
        widths[place], left = widths[place] + share, left - share
    return Layout(tuple(fitting), tuple(widths), gap)


def _whole(head: str, texts: Sequence[str]) -> int:
    """Width of a column whose lines are not broken."""
    return max(cell_len(line) for text in (head, *texts) for line in [*text.split("\n"), ""])


def _least(head: str, texts: Sequence[str]) -> int:
    """Width of a column whose prose and heading are broken between words; numbers never are."""
    # cell_len counts terminal cells: East Asian letters take two, combining marks none.
    cut = (_word(cell) if PROSE.search(cell) else cell_len(cell) for cell in texts)
    return max([_word(head), *cut])


def _word(text: str) -> int:
    """Width of the longest word; a long word of letters may be broken, a number may not."""
    words = ((cell_len(word), bool(PROSE.search(word))) for word in text.split())
    return max((min(n, LONGEST_WORD) if letters else n for n, letters in words), default=0)


def is_prose(texts: Sequence[str]) -> bool:
    return any(cell_len(cell) > LONGEST_WORD and PROSE.search(cell) for cell in texts)


@dataclass(frozen=True)
class Lines:
    """Rows of a table of which each is one line."""

    rows: Sequence[Sequence[Text]]
    columns: Sequence[tuple[int, int]]
    """The number of each column in a row, and its width."""
    gap: int
    right: frozenset[int]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for row in self.rows:
            for number, (index, width) in enumerate(self.columns):
                text, space = row[index], " " * (width - cell_len(row[index].plain))
                padded = space + text.plain if index in self.right else text.plain + space
                gap = " " * self.gap if number else ""
                yield Segment(gap)
                yield Segment(padded, console.get_style(text.style))
            yield Segment.line()


@dataclass(frozen=True)
class FoldedTable:
    """A table that is as wide as its terminal at most, and has every column.

    Columns that find no room stand below the others, as a table of their own with the labels
    repeated. A pipe gets all columns side by side.
    """

    heads: tuple[str, ...]
    blocks: Sequence[tuple[str, Sequence[Sequence[str | Text]]]]
    """Rows under a heading, which may be empty."""
    order: tuple[int, ...]
    """Columns by importance, those that name a row first."""
    right: frozenset[int]
    """Columns of numbers."""
    keys: int = 1
    """The number of columns that name a row."""
    marked: bool = False
    """True if every label begins with a mark or a space in its place, and another space."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        cells = [row for _, rows in self.blocks for row in rows]
        columns = [(head, [str(row[i]) for row in cells]) for i, head in enumerate(self.heads)]
        every = not console.is_terminal  # a pipe has no width
        laid = layouts(columns, self.order, options.max_width, keys=self.keys, every=every)
        for number, layout in enumerate(laid):
            yield from ([Text()] if number else [])
            yield from self._table(layout, first=not number)

    def _table(self, layout: Layout, *, first: bool) -> Iterator[RenderableType]:
        """The columns of a layout: a head, then each block below its heading."""
        names = self.order[: self.keys]
        others = [index for index in layout.indices if index not in names]
        yield self._block(layout, [], head=True)
        for number, (heading, rows) in enumerate(self.blocks):
            if number and heading:
                yield Text()
            if heading:
                # A line of its own: rich has no cell that spans columns.
                yield Text(heading, "dim italic")
            # A row that has nothing to show in a later table is whole in the first one.
            shown = [row for row in rows if first or any(str(row[index]) for index in others)]
            plain = [
                [cell if isinstance(cell, Text) else Text(cell) for cell in row] for row in shown
            ]
            yield self._lined(layout, plain) or self._block(layout, shown)

    def _lined(self, layout: Layout, rows: Sequence[Sequence[Text]]) -> "Lines | None":
        """Rows of which each is one line; None if a cell is broken over several.

        With 1,000 rows rich's tables would take most of the time of `study status`.
        """
        columns = [*zip(layout.indices, layout.widths, strict=True)]
        texts = [row[index].plain for row in rows for index, _ in columns]
        fits = (cell_len(text) <= width for text, (_, width) in zip(texts, cycle(columns)))
        if self.marked or not all(fits) or any("\n" in text for text in texts):
            return None
        return Lines(rows, columns, layout.gap, self.right)

    def _block(
        self, layout: Layout, rows: Sequence[Sequence[str | Text]], *, head: bool = False
    ) -> Table:
        table = Table(
            box=SIMPLE_HEAD,
            show_edge=False,
            pad_edge=False,
            show_header=head,
            # Top, right, bottom, left, as in CSS; the box adds one space between columns.
            padding=(0, layout.gap - 1, 0, 0),
            width=layout.width,
        )
        for index, width in zip(layout.indices, layout.widths, strict=True):
            side: JustifyMethod = "right" if index in self.right else "left"
            # `fold` breaks a word that is too wide; rich's default would cut it with an ellipsis.
            table.add_column(Text(self.heads[index]), justify=side, width=width, overflow="fold")
        for row in rows:
            pairs = zip(layout.indices, layout.widths, strict=True)
            table.add_row(*(self._cell(row[index], index, width) for index, width in pairs))
        return table

    def _cell(self, cell: str | Text, index: int, width: int) -> RenderableType:
        # Text instead of str: rich reads square brackets of a str as markup.
        text = Text(cell) if isinstance(cell, str) else cell
        if self.marked and index == self.order[0]:
            # A grid, so that the further lines of a label stand below its first one.
            label = Table.grid(padding=(0, INDENT - 1, 0, 0))
            label.add_column(width=1)
            label.add_column(overflow="fold")
            label.add_row(text.plain[:1], Text(text.plain[INDENT:]))
            return label
        return Text("\n".join(_lines(text.plain, width)), text.style)


def _lines(text: str, width: int) -> list[str]:
    """Lines of a number with its interval, which begins a line where both have no room on one.

    rich breaks between words what is still too wide.
    """
    lines = [""]
    for piece in INTERVAL.split(text):
        longer = f"{lines[-1]} {piece}" if lines[-1] else piece
        lines = [*lines[:-1], longer] if cell_len(longer) <= width else [*lines, piece]
    return [line for line in lines if line]
