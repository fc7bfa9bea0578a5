"""What all forms of a table have in common."""

import re

from study.report.tables import Row

BASELINE = "●"
TALL = 45
"""Rows, above which a table is broken over pages."""


def label(row: Row) -> str:
    return f"{BASELINE} {row.label}" if row.baseline else row.label


def lines(head: str) -> list[str]:
    """A head is wider than its numbers: unit, interval and source go on lines of their own."""
    return re.split(r" (?=\[|paper|\([^\[]*$)", head)
