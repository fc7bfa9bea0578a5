"""Comma-separated values in which a spreadsheet finds no formulas."""

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""Of a cell that a spreadsheet would calculate (OWASP, CSV injection)."""

SIGNED = r"[-+−]?\d[\d,]*(\.\d+)?(e[-+]?\d+)?"
NUMBER = re.compile(rf"{SIGNED}( %| pp)?( \[({SIGNED}, {SIGNED}|--)\])?( \(\d+/\d+\))?|--?")
"""A signed number with its unit, interval and count of seeds; or the dashes for none."""


def inert(cell: Any) -> Any:
    """A text that would be a formula, with an apostrophe before it; anything else as it is."""
    formula = isinstance(cell, str) and cell.startswith(STARTS)
    return f"'{cell}" if formula and not NUMBER.fullmatch(cell) else cell


def comma_separated(frame: "pd.DataFrame") -> str:
    """The rows of a frame without its index, texts and heads made inert."""
    texts = frame.select_dtypes(exclude=["number", "bool"]).columns
    safe = frame.assign(**{str(name): frame[name].map(inert) for name in texts})
    return safe.rename(columns=inert).to_csv(index=False, lineterminator="\n")
