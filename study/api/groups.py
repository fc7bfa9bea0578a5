"""Rows that one table cannot hold: of several data sets, say, each with a baseline of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from study.api.column_choice import ColumnChoice
from study.api.table import baseline_of, chosen_rows
from study.errors import SpecError, unknown
from study.plan.measured.files import ResultTable


def groups(choice: ColumnChoice, table: ResultTable, column: str) -> Iterator[ColumnChoice]:
    """The choice of each value of a column, in the order of the file, with one baseline for all.

    Raises:
        SpecError: there is no such column, or it is used already.
    """
    if column not in table.columns:
        raise SpecError(f"{table.name}: {unknown('column', column, table.columns)}")
    used = (*choice.arms, *choice.metrics, *choice.where, choice.seed)
    if column in used:
        raise SpecError(f"--group: column {column} is an arm, a metric, a seed or in --where")
    rows = chosen_rows(choice, table)
    # Chosen once, or the first rows of two groups would make two baselines.
    baseline = baseline_of(choice, rows)
    for value in dict.fromkeys(row.cells.get(column, "") for row in rows):
        own = replace(choice, where={**choice.where, column: value}, baseline=baseline)
        if baseline not in _arms(own, table):
            raise SpecError(f"{table.name} has no row of {baseline} where {column} is {value}")
        yield own


def _arms(choice: ColumnChoice, table: ResultTable) -> Sequence[str]:
    rows = chosen_rows(choice, table)
    return [", ".join(row.cells.get(c, "") for c in choice.arms) for row in rows]
