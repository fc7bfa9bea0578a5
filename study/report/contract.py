"""The contract of table formats."""

from collections.abc import Callable

from study.report.table import Cell, Row, Table, TableBlock

# With letters that most formats have to escape.
ROWS = (Row("A & B", True, (Cell("101"),)), Row("ρ < 1", False, (Cell("202", bold=True),)))
TABLE = Table("name", "A caption.", ("Top-1 (%)",), (TableBlock("", ROWS),), ("A note.",), ("k",))


def writes(table_format: Callable[[Table], str]) -> str:
    """Every cell is in the text."""
    text = table_format(TABLE)
    if not isinstance(text, str):
        return f"gives {type(text).__name__}, not text"
    return "" if "101" in text and "202" in text else "leaves cells out"


CHECKS = {"format": {"writes every cell": writes}}
