"""Tables for a terminal, folded to its width."""

from rich.console import Group
from rich.text import Text

from study.format import DIVERGED
from study.report.columns import FoldedTable, is_prose
from study.report.formats.labels import BASELINE
from study.report.print_width import lines
from study.report.table import Cell, Row, Table


def terminal(table: Table) -> Group:
    """The table for rich to print, with all columns at any width; labels are never markup."""
    texts = [[row.cells[i].text for row in table.rows] for i in range(len(table.heads))]
    folded = FoldedTable(
        (table.first, *("\n".join(lines(head)) for head in table.heads)),
        [(block.head, list(map(_texts, block.rows))) for block in table.blocks],
        order=(0, *(1 + index for index in _order(table))),
        right=frozenset(1 + i for i, cells in enumerate(texts) if not is_prose(cells)),
        marked=True,
    )
    notes = [Text(f"- {note}", "dim") for note in table.notes]
    gap = [Text()] if notes else []
    return Group(Text(f"{table.name}: {table.caption}"), Text(), folded, *gap, *notes)


def _texts(row: Row) -> list[str | Text]:
    mark = BASELINE if row.baseline else " "
    return [f"{mark} {row.label}", *(Text(cell.text, _style(cell)) for cell in row.cells)]


def _order(table: Table) -> list[int]:
    """Columns by importance: qualities with their differences, others, published numbers."""
    places = {key: index for index, key in enumerate(table.keys)}
    deltas = [key for key in table.keys if key.endswith("-delta")]
    pairs = [(delta.removesuffix("-delta"), delta) for delta in deltas]
    answer = [places[key] for pair in pairs for key in pair if key in places]
    papers = [places[key] for key in table.keys if key.endswith("-paper")]
    rest = [i for i in range(len(table.heads)) if i not in {*answer, *papers}]
    return [*answer, *rest, *papers]


def _style(cell: Cell) -> str:
    return "bold" if cell.bold else "yellow" if cell.text == DIVERGED else ""
