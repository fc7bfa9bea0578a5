"""Labels and headings, shared by all formats of a table."""

from study.report.print_width import lines
from study.report.table import Row

__all__ = ["BASELINE", "TALL", "label", "lines"]

BASELINE = "●"
TALL = 45
"""Number of rows above which a table is broken over pages."""


def label(row: Row) -> str:
    return f"{BASELINE} {row.label}" if row.baseline else row.label
