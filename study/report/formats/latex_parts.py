"""A tall table in parts that each fit on a page."""

import math
from collections.abc import Iterator
from dataclasses import replace

from study.report.formats.labels import TALL, label
from study.report.formats.latex_text import printed
from study.report.print_width import em
from study.report.table import Row, Table, TableBlock

LOSS = 1.25  # lines of words are not full: about a fifth of each is white


def height(row: Row, room: float) -> int:
    """The lines of a row whose label is broken into lines of `room` em."""
    wide = em(printed(label(row)))
    return 1 if wide <= room else math.ceil(LOSS * wide / room)


def parts(table: Table, room: float) -> list[Table]:
    """The table in parts of at most `TALL` lines; the notes stand below the last one."""
    pages: list[list[tuple[TableBlock, Row]]] = [[]]
    used = 0
    for block in table.blocks:
        for row in block.rows:
            if used + height(row, room) > TALL:
                pages.append([])
                used = 0
            pages[-1].append((block, row))
            used += height(row, room)
    tables = [replace(table, blocks=tuple(_blocks(page)), notes=()) for page in pages]
    return [*tables[:-1], replace(tables[-1], notes=table.notes)]


def _blocks(page: list[tuple[TableBlock, Row]]) -> Iterator[TableBlock]:
    """The blocks of a page, of which the first and the last may go on on others."""
    for block in dict.fromkeys(id(block) for block, _ in page):
        rows = [(own, row) for own, row in page if id(own) == block]
        yield replace(rows[0][0], rows=tuple(row for _, row in rows))
