"""A table as finished text, before it is written in a format."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Cell:
    """One cell of a table."""

    text: str
    bold: bool = False
    value: float | None = None
    """The first number of the text, in base units, for sorting; None without a number."""
    parts: Mapping[str, str] = field(default_factory=dict)
    """Every number of the text by name (mean, sd, low ...), as printed, for LaTeX macros."""


@dataclass(frozen=True)
class Row:
    """One row of a table, usually an arm."""

    label: str
    baseline: bool
    cells: tuple[Cell, ...]
    key: str = ""
    """The row's name in `numbers.tex`; its label if empty."""
    name: str = ""
    """A name that no other row of the table has, if the key may be that of several rows."""


@dataclass(frozen=True)
class TableBlock:
    """Rows under one heading, usually the arms of one factor."""

    head: str
    rows: tuple[Row, ...]
    key: str = ""
    """The block's name in files for programs, such as the path of its factor; empty: its head."""

    @property
    def name(self) -> str:
        return self.key or self.head


@dataclass(frozen=True)
class Table:
    """A table of finished text."""

    name: str
    caption: str
    heads: tuple[str, ...]
    """Headings of the columns after the labels."""
    blocks: tuple[TableBlock, ...]
    notes: tuple[str, ...]
    keys: tuple[str, ...] = ()
    """Keys of the columns in `numbers.tex`; a key does not change when other columns are added."""
    first: str = ""
    """Heading of the labels, such as the title of the only factor."""
    answer: str = ""
    """The answer of the study, which stands above its main table."""
    narrow: bool = False
    """True for a table that is made for one column of a two-column paper."""

    @property
    def rows(self) -> Iterator[Row]:
        return (row for block in self.blocks for row in block.rows)


def plain(text: str) -> str:
    """The text on one line without control characters: labels are whatever a user typed."""
    # A line break would end a row of Markdown, and LaTeX has no letter for a control character.
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
