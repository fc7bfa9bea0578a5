"""Tables of arms on the page: the difference and its quality stand first, then the costs.

A narrow screen shows three columns or so, and the quality is what a reader looks for.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from study import format
from study.report.table import Row, Table
from study.spec.metric import Catalogue

DELTA = "-delta"
T = TypeVar("T")


def quality_first(table: Table, catalogue: Catalogue) -> Table:
    """The table with its first difference beside the labels, and the quality beside that."""
    delta = next((key for key in table.keys if key.endswith(DELTA)), None)
    if delta is None:
        return table
    name = delta.removesuffix(DELTA)
    first = [table.keys.index(key) for key in (delta, name) if key in table.keys]
    order = [*first, *(i for i in range(len(table.keys)) if i not in first)]
    named = format.name(catalogue[name])
    heads = [
        _named(h, named) if k == delta else h for h, k in zip(table.heads, table.keys, strict=True)
    ]
    return replace(
        table,
        heads=_ordered(heads, order),
        keys=_ordered(table.keys, order),
        blocks=tuple(
            replace(block, rows=tuple(_row(row, order) for row in block.rows))
            for block in table.blocks
        ),
    )


def _named(head: str, name: str) -> str:
    """The heading of a difference with the name of its quality, which no column before it has."""
    return head if name in head else head.replace("Δ", f"Δ {name}", 1)


def _row(row: Row, order: Sequence[int]) -> Row:
    return replace(row, cells=_ordered(row.cells, order))


def _ordered(things: Sequence[T], order: Sequence[int]) -> tuple[T, ...]:
    return tuple(things[place] for place in order)
