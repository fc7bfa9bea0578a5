"""Layout of a table in a terminal: which columns fit, and how wide each is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, JustifyMethod, RenderResult
from rich.table import Table
from rich.text import Text

LONGEST_WORD = 24  # letters; a longer word of prose may be broken
PROSE = re.compile(r"[^\W\d_]{3}")  # three letters in a row: words, not numbers with units


TextColumn = tuple[str, Sequence[str]]
"""A heading and the texts of the cells below it."""


@dataclass(frozen=True)
class Layout:
    """The columns of a table that fit, with their widths in characters."""

    indices: tuple[int, ...]
    """Numbers of the columns that fit, from left to right; the others are left out."""
    widths: tuple[int, ...]
    """Width of each column in `indices`."""
    gap: int
    """Spaces between columns."""

    @property
    def width(self) -> int:
        return sum(self.widths) + self.gap * len(self.widths) - 1


def layout(
    columns: Sequence[TextColumn],
    order: Sequence[int],
    width: int,
    *,
    first: int = 1,
    every: bool = False,
) -> Layout:
    """The layout of `columns` in `width` characters, without breaking a number.

    `order` lists the columns by importance, that of the labels first. The first `first` of them are
    always shown, broken at spaces if they do not fit otherwise. With `every`, all columns are shown
    and may exceed the width, for a file or a pipe.
    """
    whole = [_whole(head, texts) for head, texts in columns]
    least = [_least(head, texts) for head, texts in columns]
    # Labels may shrink to a quarter of the width, but to no less than 8 characters.
    least[order[0]] = min(whole[order[0]], max(8, width // 4))
    if every or sum(n + 2 for n in least) - 1 <= width:
        return _spread(range(len(columns)), least, whole, width, gap=2)
    left = width + 1 - sum(least[number] + 1 for number in order[:first])
    fitting = list(order[:first])
    # The least important of the fixed columns is squeezed first.
    for number in reversed(order[1:first] if left < 0 else ()):
        if sum(least[i] + 1 for i in fitting) - 1 > width:
            least[number] = max(_word(text) for text in (columns[number][0], *columns[number][1]))
    for number in order[first:]:
        if least[number] + 1 <= left:
            fitting.append(number)
            left -= least[number] + 1
    return _spread(sorted(fitting), least, whole, width, gap=1)


def _spread(
    fitting: Sequence[int], least: Sequence[int], whole: Sequence[int], width: int, *, gap: int
) -> Layout:
    """The layout that divides the spare width among columns in proportion to what they lack."""
    widths = [least[number] for number in fitting]
    wants = [whole[number] - least[number] for number in fitting]
    # The last column needs no gap behind it, hence one character more than the width.
    left = min(sum(wants), max(0, width + 1 - sum(widths) - gap * len(widths)))
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
class FittedTable:
    """A plain table fitted to the terminal it is printed on; a pipe gets every column."""

    heads: tuple[str, ...]
    rows: Sequence[Sequence[str | Text]]
    order: tuple[int, ...]
    """Columns by importance, that of the labels first."""
    right: frozenset[int]
    """Columns of numbers."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        columns = [(h, [str(row[i]) for row in self.rows]) for i, h in enumerate(self.heads)]
        # A pipe has no width, so nothing needs to be left out.
        every = not console.is_terminal
        laid = layout(columns, self.order, options.max_width, every=every)
        table = Table(
            box=None,
            pad_edge=False,
            padding=(0, laid.gap, 0, 0),
            header_style="bold",
            width=laid.width + 1 - laid.gap,
        )
        for index, width in zip(laid.indices, laid.widths, strict=True):
            side: JustifyMethod = "right" if index in self.right else "left"
            # `fold` breaks a word that is too wide; rich's default would cut it with an ellipsis.
            table.add_column(Text(self.heads[index]), justify=side, width=width, overflow="fold")
        for row in self.rows:
            table.add_row(*(_text(row[index]) for index in laid.indices))
        yield table
        if left := [h for index, h in enumerate(self.heads) if index not in laid.indices]:
            missing = f"no room in {options.max_width} columns for {', '.join(left)}"
            yield Text(missing, "dim")


def _text(cell: str | Text) -> Text:
    return Text(cell) if isinstance(cell, str) else cell
