"""Comma-separated values that a spreadsheet does not read as formulas."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""First characters of a cell that a spreadsheet evaluates (OWASP, CSV injection)."""

SIGNED = r"[-+−]?\d[\d,]*(\.\d+)?(e[-+]?\d+)?"
PRINTED_NUMBER = re.compile(rf"{SIGNED}( %| pp)?( \[({SIGNED}, {SIGNED}|--)\])?( \(\d+/\d+\))?|--?")
"""A signed number with its unit, interval and count of seeds, or the dashes of a missing one."""


def without_formula(cell: object) -> object:
    """A text with an apostrophe in front if it would be a formula; anything else unchanged."""
    if isinstance(cell, str) and cell.startswith(STARTS) and not PRINTED_NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def comma_separated_rows(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows as `comma_separated` writes those of a frame, without pandas: it takes 1 s to import.

    None and NaN are empty cells.
    """
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(map(without_formula, heads))
    lines.writerows(["" if cell != cell else without_formula(cell) for cell in row] for row in rows)
    return text.getvalue()


def _number(cell: object) -> object:
    # Only NaN differs from itself.
    return "" if cell != cell else cell


def comma_separated(frame: "pd.DataFrame") -> str:
    """The rows of a frame as CSV without its index; texts and headings are no formulas."""
    # Numbers need no apostrophe: a negative one is a number to every spreadsheet.
    texts = frame.select_dtypes(exclude=["number", "bool"]).columns
    safe = frame.assign(**{str(name): frame[name].map(without_formula) for name in texts})
    return safe.rename(columns=without_formula).to_csv(index=False, lineterminator="\n")
