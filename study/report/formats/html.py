"""Tables as HTML elements for a page: without style, sortable by their `data-order`."""

from html import escape

from study.report.formats.labels import label
from study.report.table import Cell, Row, Table, TableBlock


def html(table: Table) -> str:
    """A figure of HTML whose cells have their numbers for sorting."""
    heads = "".join(f'<th scope="col">{escape(head)}</th>' for head in table.heads)
    notes = "".join(f"<li>{escape(note)}</li>" for note in table.notes)
    lines = [
        '<figure class="study-table">',
        "<table>",
        f"<caption>{escape(table.caption)}</caption>",
        f'<thead><tr><th scope="col">{escape(_first(table))}</th>{heads}</tr></thead>',
        *(_block(block) for block in table.blocks),
        "</table>",
        f"<ul>{notes}</ul>" if notes else "",
        "</figure>",
    ]
    return "\n".join(lines) + "\n"


def _first(table: Table) -> str:
    if table.first:
        return table.first
    # Only a table of arms has a baseline.
    return "arm" if any(row.baseline for block in table.blocks for row in block.rows) else ""


def _block(block: TableBlock) -> str:
    """One `tbody` per block, so that sorting keeps rows with their factor."""
    width = 1 + max((len(row.cells) for row in block.rows), default=0)
    head = f'<tr><th scope="rowgroup" colspan="{width}">{escape(block.head)}</th></tr>'
    heads = [head] if block.head else []
    return "\n".join(["<tbody>", *heads, *map(_row, block.rows), "</tbody>"])


def _row(row: Row) -> str:
    kind = ' class="baseline"' if row.baseline else ""
    texts = "".join(map(_cell, row.cells))
    return f'<tr{kind}><th scope="row">{escape(label(row))}</th>{texts}</tr>'


def _cell(cell: Cell) -> str:
    # The value in base units: texts such as "1.2 ± 0.1" do not sort as numbers.
    order = (
        "" if cell.value is None or cell.value != cell.value else f' data-order="{cell.value!r}"'
    )
    text = escape(cell.text)
    return f"<td{order}>{f'<strong>{text}</strong>' if cell.bold else text}</td>"
