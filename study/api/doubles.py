"""Rows that would be one result: two of one arm and one seed, or replicates of several settings."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from study.plan.measured.formats import ResultRow, is_number
from study.plan.measured.logs import STEPS
from study.plan.measured.numbers import apart


@dataclass(frozen=True)
class DoubledRows:
    """Two rows of one arm and one seed, and the columns that tell them apart."""

    first: ResultRow
    last: ResultRow
    columns: Sequence[str]

    def __str__(self) -> str:
        both = f"{self.first.place} and {self.last.place} are results of one arm and one seed"
        if not self.columns:
            return f"{both}: delete one of them"
        column, named = self.columns[0], ", ".join(self.columns[:3])
        where = f'--where "{column}={self.value(column)}" takes one'
        more = f", --group {column} makes a table of each, --arm {column} compares them"
        return f"{both}; they differ in {named}: {where}{more * (column.lower() not in STEPS)}"

    def value(self, column: str) -> str:
        """The value that a choice among the rows begins with: of steps the last."""
        row = self.last if column.lower() in STEPS else self.first
        return row.cells.get(column, "")


def doubled(
    rows: Sequence[ResultRow], arms: Sequence[str], metrics: Sequence[str], seed: str
) -> DoubledRows | None:
    """The first row that has a result of the same arm and seed as others, and the last of these."""
    by_result = dict[tuple[str, ...], list[ResultRow]]()
    for row in rows:
        for metric in metrics:
            # A tracker may write each metric in a row of its own.
            if row.cells.get(metric, ""):
                names = (*arms, seed)
                key = (metric, *(row.cells.get(name, "") for name in names))
                by_result.setdefault(key, []).append(row)
    for own in by_result.values():
        if len(own) > 1:
            return DoubledRows(own[0], own[-1], apart(own[0], own[-1], {*arms, *metrics, seed}))
    return None


def pooled(rows: Sequence[ResultRow], used: Collection[str], arms: Sequence[str]) -> Iterator[str]:
    """Columns of words in which rows of one arm differ, as by data set: no replicates, probably."""
    by_arm = dict[tuple[str, ...], list[Mapping[str, str]]]()
    for row in rows:
        key = tuple(row.cells.get(name, "") for name in arms)
        by_arm.setdefault(key, []).append(row.cells)
    for column in dict.fromkeys(name for row in rows for name in row.cells if name not in used):
        values = [{row.get(column, "") for row in own} for own in by_arm.values()]
        counts = [len(own) for own in by_arm.values()]
        # Names of runs differ in every row.
        pairs = zip(values, counts, strict=True)
        if any(1 < len(own) < count for own, count in pairs) and not all(
            is_number(text) for own in values for text in own
        ):
            yield column
