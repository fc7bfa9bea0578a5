"""For a terminal."""

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Group
from rich.table import Table as Terminal
from rich.text import Text

from study.cells import DIVERGED
from study.report.formats.words import BASELINE, lines
from study.report.tables import Cell, Table


def terminal(table: Table, width: int) -> Group:
    """For rich to print; nothing in it is read as markup. Cells are broken only if they must."""
    fits = _width(table) <= width
    shown = Terminal(box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    shown.add_column("")
    shown.add_column("", overflow="fold", min_width=min(_longest(_names(table)), width // 4))
    for head in table.heads:
        shown.add_column(
            Text("\n".join(lines(head))),
            justify="right",
            no_wrap=fits,
            overflow="fold",
            min_width=None if len(table.heads) > 9 else min(_longest([head]), 12),
        )
    for block in table.blocks:
        if block.head:
            shown.add_row("", Text(block.head, "dim italic"))
        for row in block.rows:
            texts = (Text(cell.text, _style(cell)) for cell in row.cells)
            shown.add_row(BASELINE if row.baseline else "", Text(row.label), *texts)
        shown.add_section()
    caption = Text(f"{table.name}: {table.caption}")
    return Group(caption, Text(), shown, *(Text(f"- {note}", "dim") for note in table.notes))


def _names(table: Table) -> list[str]:
    return [text for b in table.blocks for text in (b.head, *(row.label for row in b.rows))]


def _longest(texts: list[str]) -> int:
    """Of their words."""
    return max((cell_len(word) for text in texts for word in text.split()), default=0)


def _width(table: Table) -> int:
    """Columns of text that the unbroken table takes."""
    rows = [row for block in table.blocks for row in block.rows]
    heads = [max(map(len, lines(head))) for head in table.heads]
    cells = [max([len(row.cells[i].text) for row in rows] + [n]) for i, n in enumerate(heads)]
    return 2 + max([len(row.label) for row in rows], default=0) + sum(n + 1 for n in cells) + 1


def _style(cell: Cell) -> str:
    return "bold" if cell.bold else "yellow" if cell.text == DIVERGED else ""
