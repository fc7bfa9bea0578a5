"""Tables as HTML elements for a page: without style, sortable by their `data-order`.

The caption and the notes are outside the element of class `scroll`, which a page may let scroll, so
that they are read whole beside a wide table. Cells of class `delta` are the first differences from
the baseline, which a page may keep in view; those of class `words` have sentences.
"""

import re
from html import escape
from itertools import islice

from study.report.formats.labels import label
from study.report.table import Cell, Row, Table, TableBlock

SENTENCE = 24  # letters from which a text without a number is one to be read from the left


def html(table: Table) -> str:
    """A figure of HTML whose cells have their numbers for sorting."""
    kinds = _kinds(table)
    heads = "".join(
        f'<th scope="col"{kind}>{escape(head)}</th>'
        for kind, head in zip(kinds, table.heads, strict=True)
    )
    notes = "".join(f"<li>{escape(note)}</li>" for note in table.notes)
    lines = [
        '<figure class="study-table">',
        f"<figcaption>{escape(table.caption)}</figcaption>",
        # Only what can be focused is scrolled with a keyboard.
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(_region(table))}">',
        "<table>",
        f'<thead><tr><th scope="col">{escape(_first(table))}</th>{heads}</tr></thead>',
        *(_block(block, kinds) for block in table.blocks),
        "</table>",
        "</div>",
        f"<ul>{notes}</ul>" if notes else "",
        "</figure>",
    ]
    return "\n".join(lines) + "\n"


def _region(table: Table) -> str:
    return f"Table of {table.name}" if table.name else "Table"


def _first(table: Table) -> str:
    if table.first:
        return table.first
    # Only a table of arms has a baseline.
    return "arm" if any(row.baseline for row in table.rows) else ""


def _kinds(table: Table) -> list[str]:
    """The class of every column: that of the first differences, of sentences, or none."""
    kinds = [""] * len(table.heads)
    for place in range(len(kinds)):
        cells = [row.cells[place] for row in table.rows]
        if not any(cell.value is not None for cell in cells) and any(
            len(cell.text) > SENTENCE for cell in cells
        ):
            kinds[place] = ' class="words"'
    deltas = (place for place, key in enumerate(table.keys) if key.endswith("-delta"))
    for place in islice(deltas, 1):
        kinds[place] = ' class="delta"'
    return kinds


def _block(block: TableBlock, kinds: list[str]) -> str:
    """One `tbody` per block, so that sorting keeps rows with their factor."""
    width = 1 + max((len(row.cells) for row in block.rows), default=0)
    # The text is an element of its own, which may stay in view while the row scrolls.
    head = f'<tr><th scope="rowgroup" colspan="{width}"><span>{escape(block.head)}</span></th></tr>'
    rows = [_row(row, kinds) for row in block.rows]
    return "\n".join(["<tbody>", *([head] if block.head else []), *rows, "</tbody>"])


def _row(row: Row, kinds: list[str]) -> str:
    kind = ' class="baseline"' if row.baseline else ""
    texts = "".join(_cell(*pair) for pair in zip(row.cells, kinds, strict=True))
    return f'<tr{kind}><th scope="row">{escape(label(row))}</th>{texts}</tr>'


def _cell(cell: Cell, kind: str) -> str:
    # The value in base units: texts such as "1.2 ± 0.1" do not sort as numbers.
    order = (
        "" if cell.value is None or cell.value != cell.value else f' data-order="{cell.value!r}"'
    )
    # An element of its own, which a narrow page writes on a line of its own.
    text = re.sub(r"(\[.*?\])", r'<span class="range">\1</span>', escape(cell.text))
    text = f"<strong>{text}</strong>" if cell.bold else text
    return f"<td{kind}{order}>{text}</td>"
