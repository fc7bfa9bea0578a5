"""Labels of rows, shared by all formats of a table."""

from study.report.table import Row

BASELINE = "●"
TALL = 45
"""Lines of rows above which a table is broken over pages."""


def label(row: Row) -> str:
    return f"{BASELINE} {row.label}" if row.baseline else row.label
