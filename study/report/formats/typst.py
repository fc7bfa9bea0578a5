"""Tables in Typst, inside a figure."""

import re
from collections.abc import Iterator

from study.report.formats.labels import label
from study.report.print_width import lines
from study.report.table import Cell, Table


def typst(table: Table) -> str:
    """A Typst figure with a label of the table's name."""
    columns = len(table.heads)
    name = re.sub(r"[^A-Za-z0-9-]", "-", table.name)
    notes = " #linebreak() ".join(escaped(note) for note in table.notes)
    lines = [
        "#[",
        # Typst figures do not break over pages unless their block is made breakable.
        "#show figure: set block(breakable: true)",
        "#set figure.caption(position: top)",
        "#figure(",
        f"  caption: [{escaped(table.caption)}],",
        "  kind: table,",
        "  [#set text(size: 8pt)",
        "  #table(",
        f"    columns: {columns + 1}, align: (left, ..(right,) * {columns}), stroke: none,",
        "    table.hline(),",
        f"    table.header({', '.join(map(_head, (table.first, *table.heads)))}),",
        "    table.hline(stroke: 0.5pt),",
        *_rows(table),
        "    table.hline(),",
        "  )",
        f"  #set align(left)\n  {notes}]",
        f") <tab-{name}>",
        "]",
    ]
    return "\n".join(lines) + "\n"


def _rows(table: Table) -> Iterator[str]:
    for index, block in enumerate(table.blocks):
        if index:
            yield "    table.hline(stroke: 0.5pt),"
        if block.head:
            yield f"    table.cell(colspan: {len(table.heads) + 1})[_{escaped(block.head)}_],"
        for row in block.rows:
            yield f"    [{escaped(label(row))}], {', '.join(map(_cell, row.cells))},"


def _head(head: str) -> str:
    return f"[{' #linebreak() '.join(escaped(line) for line in lines(head))}]"


def _cell(cell: Cell) -> str:
    return f"[#strong[{escaped(cell.text)}]]" if cell.bold else f"[{escaped(cell.text)}]"


def escaped(text: str) -> str:
    """Text that Typst prints literally."""
    marked = re.sub(r"([\\#*_`$<>@\[\]~=/'\"+-])", r"\\\1", text)
    return re.sub(r"^(\d+)\.|\.(?=\.)", r"\1\\.", marked)  # "1." is a list, "..." an ellipsis
