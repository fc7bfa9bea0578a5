"""Labels and headings, shared by all formats of a table."""

import re

from study.report.table import Row

BASELINE = "●"
TALL = 45
"""Number of rows above which a table is broken over pages."""


def label(row: Row) -> str:
    return f"{BASELINE} {row.label}" if row.baseline else row.label


def lines(head: str) -> list[str]:
    """The lines of a heading: unit, interval and source get their own, as numbers are narrow."""
    # Before an interval, before "paper", and before a last part in brackets, the unit.
    return re.split(r" (?=\[|paper|\([^\[]*$)", head)
