"""The metrics of a study in memory: names, directions and decimals of columns of numbers."""

import re
from collections.abc import Sequence
from math import floor, isfinite, log10, nan
from statistics import stdev

from study.api.better import lower_is_better
from study.api.column_choice import Assumption, ColumnChoice
from study.errors import SpecError, unknown
from study.plan.measured.formats import ResultRow

BETTER = ("higher", "lower")
MOST_DIGITS = 10  # decimals in print, the most that a study file gives
UNSPREAD = 4  # decimals without a spread, which could say which of them are noise
FEW = 2  # decimals that a table prints as the file has them


def key_of(column: str) -> str:
    """A column as the name of a metric or a key: `val/acc` gives val_acc."""
    key = re.sub(r"\W+", "_", column).strip("_") or "column"
    return key if key.isidentifier() else f"_{key}"


def metrics_of(
    choice: ColumnChoice, rows: Sequence[ResultRow]
) -> tuple[dict[str, dict[str, object]], list[Assumption]]:
    """The keys of every metric, and notes on directions that nobody has said."""
    better = _directions(choice)
    guessed = dict[str, list[str]]()
    metrics = dict[str, dict[str, object]]()
    for column in choice.metrics:
        direction = better.get(column, better.get("", ""))
        if not direction:
            direction = BETTER[lower_is_better(column)]
            guessed.setdefault(direction, []).append(column)
        # A key that was made of the column is not what a table should print.
        label = {} if column == key_of(column) else {"label": column}
        digits = _digits(choice, column, rows)
        metrics[column] = {**label, "better": direction, "digits": digits}
    notes = [
        Assumption(
            f"{', '.join(columns)}: {direction} is taken to be better, by the name", "--better"
        )
        for direction, columns in guessed.items()
    ]
    return metrics, notes


def _directions(choice: ColumnChoice) -> dict[str, str]:
    """The directions that the user says by column, "" for all others."""
    better = dict[str, str]()
    for text in choice.better:
        column, _, direction = text.rpartition("=")
        if direction not in BETTER:
            raise SpecError(f"--better: {unknown('direction', direction, BETTER)}")
        if column and column not in choice.metrics:
            raise SpecError(f"--better: {unknown('metric', column, choice.metrics)}")
        better[column] = direction
    return better


def _digits(choice: ColumnChoice, column: str, rows: Sequence[ResultRow]) -> int:
    """The decimals of the cells; of more than two those that the spread of an arm leaves.

    The largest number has three significant digits at least, and the typical spread two.
    """
    cells = [row.cells.get(column, "") for row in rows]
    arms = {tuple(row.cells.get(c, "") for c in choice.arms) for row in rows}
    # A mean of whole numbers, such as 13 and 14, need not be one.
    places = max(map(_places, cells), default=0) or int(len(rows) > len(arms))
    if places <= FEW:
        return places
    by_arm = dict[tuple[str, ...], list[float]]()
    for row, cell in zip(rows, cells, strict=True):
        if isfinite(number := _number(cell)):
            by_arm.setdefault(tuple(row.cells.get(c, "") for c in choice.arms), []).append(number)
    largest = max((abs(number) for own in by_arm.values() for number in own), default=0.0)
    spreads = sorted(filter(None, (stdev(own) for own in by_arm.values() if len(own) > 1)))
    typical = _decimals(spreads[len(spreads) // 2], 2) if spreads else UNSPREAD
    return min(places, MOST_DIGITS, max(_decimals(largest, 3), typical))


def _places(cell: str) -> int:
    """The decimals of a number as it is written: 7 of 1.25e-05."""
    mantissa, _, exponent = cell.lower().partition("e")
    power = int(exponent) if exponent.lstrip("+-").isdecimal() else 0
    return max(0, len(mantissa.partition(".")[2]) - power) if isfinite(_number(cell)) else 0


def _decimals(value: float, digits: int) -> int:
    """The decimals with which a number has so many significant digits."""
    return max(0, digits - 1 - floor(log10(value))) if value else 0


def _number(cell: str) -> float:
    """The number of a cell; NaN for a text, which is refused when the study is planned."""
    try:
        return float(cell)
    except ValueError:
        return nan
