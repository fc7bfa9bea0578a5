"""Cells of a file as the levels of a factor."""

from collections.abc import Sequence

from study.errors import SpecError
from study.plan.measured.columns import value_of
from study.plan.measured.formats import ResultRow
from study.text import forbidden_character


def refuse_levels(columns: Sequence[str], rows: Sequence[ResultRow]) -> None:
    """Refuse cells that cannot be levels side by side.

    Raises:
        SpecError: no table can show one of them, or two are the same number or boolean.
    """
    for column in columns:
        first = dict[str, ResultRow]()
        for row in rows:
            first.setdefault(row.cells.get(column, ""), row)
        same = dict[tuple[bool, float], str]()
        for text, row in first.items():
            if why := forbidden_character(text):
                what = f"{text!r} in column {column} cannot be the label of an arm"
                raise SpecError(f"{row.place}: {what}: {why}")
            value = value_of(text)
            if not isinstance(value, int | float):
                continue  # empty cells and texts are what they are
            # 1 and True are equal in Python.
            if (other := same.setdefault((isinstance(value, bool), value), text)) != text:
                raise SpecError(
                    f'{first[other].place} and {row.place}: "{other}" and "{text}" in column '
                    f"{column} are one value and would be two arms: write them alike"
                )
