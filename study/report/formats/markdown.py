"""Tables in GitHub's Markdown."""

import re

from study.report.formats.labels import label
from study.report.table import Cell, Table


def markdown(table: Table) -> str:
    """The table with its caption and notes; every character of a label is printed literally."""
    columns = 1 + len(table.heads)
    lines = [[_md(table.first), *map(_md, table.heads)]]
    for block in table.blocks:
        lines += [[f"*{_md(block.head)}*", *[""] * len(table.heads)]] if block.head else []
        lines += [[_md(label(row)), *map(_md_cell, row.cells)] for row in block.rows]
    widths = [max(3, *(len(line[i]) for line in lines)) for i in range(columns)]
    rule = [":" + "-" * (widths[0] - 1), *("-" * (width - 1) + ":" for width in widths[1:])]
    rows = (_md_line(line, widths) for line in [lines[0], rule, *lines[1:]])
    notes = "".join(f"- {_md(note)}\n" for note in table.notes)
    answer = [_md(table.answer), ""] if table.answer else []
    caption = f"**{_md(table.name)}**: {_md(table.caption)}"
    return "\n".join([*answer, caption, "", *rows, "", notes])


def _md_line(texts: list[str], widths: list[int]) -> str:
    first, *rest = zip(texts, widths, strict=True)
    padded = [first[0].ljust(first[1]), *(text.rjust(width) for text, width in rest)]
    return f"| {' | '.join(padded)} |"


def _md_cell(cell: Cell) -> str:
    return f"**{_md(cell.text)}**" if cell.bold else _md(cell.text)


def _md(text: str) -> str:
    """Text that Markdown prints literally; brackets are escaped only where they make a link."""
    # Ampersands first, else the entities themselves would be escaped.
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([\\`*_|~$#])", r"\\\1", text)
    text = re.sub(r"^(\d*)(?=[-+.)](\s|$))", r"\1\\", text)  # else a list begins: "1. ", "- "
    return re.sub(r"\](?=[(\[:])", r"\\]", text)
