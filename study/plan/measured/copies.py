"""Rows without pairs that are no replicates: results of one seed, and copies of rows."""

from collections import Counter
from collections.abc import Iterator, Sequence

from study.errors import SpecError
from study.plan.measured.columns import Columns, seed_column
from study.plan.measured.formats import ResultRow, columns_of
from study.plan.measured.gaps import listed
from study.plan.measured.numbers import values_of
from study.spec.study import Study

PLACE = ("file", "folder")
"""Columns that say where a row is, and nothing of its run."""


def without_seeds(
    study: Study, own: Columns, name: str, by_arm: Sequence[Sequence[ResultRow]]
) -> Iterator[str]:
    """Notes on rows of arms that are equal in every cell.

    Raises:
        SpecError: two rows are results of one arm and one seed, or the whole file is there again.
    """
    _refuse_one_seed(study, own, by_arm)
    times = [Counter(map(_content, rows)) for rows in by_arm]
    counts = {count for arm in times for count in arm.values()}
    # Rows of a coarse metric may be equal by chance; all of them, equally often, are not.
    if len(counts) == 1 and min(counts) > 1 and max(map(len, times)) > 1:
        first = next(rows for rows in by_arm if rows)
        again = [row.place for row in first if _content(row) == _content(first[0])]
        both = " and ".join(again[:2])
        raise SpecError(
            f"every row of {name} is there {min(counts)} times ({both} are equal in every cell): "
            "copies are no replicates; delete them"
        )
    copies = [
        row.place
        for rows, arm in zip(by_arm, times, strict=True)
        for row in rows
        if arm[_content(row)] > 1
    ]
    if copies:
        yield (
            f"{len(copies)} rows of {name} are equal to another row in every cell, and count as "
            f"replicates: if they are copies, delete them: {listed(copies)}"
        )


def _refuse_one_seed(study: Study, own: Columns, by_arm: Sequence[Sequence[ResultRow]]) -> None:
    """Refuse two results of one seed, where there is a column of seeds that pairs nothing."""
    column = seed_column(columns_of(row for rows in by_arm for row in rows))
    seeds = {row.cells.get(column, "") for rows in by_arm for row in rows} - {""}
    # One seed for all runs, as training scripts have it by default, tells none apart.
    for rows in by_arm if len(seeds) > 1 else ():
        by_seed = dict[str, list[ResultRow]]()
        for row in rows:
            by_seed.setdefault(row.cells.get(column, ""), []).append(row)
        for seed, same in by_seed.items():
            if seed:
                values_of(study, own, same)


def _content(row: ResultRow) -> tuple[tuple[str, str], ...]:
    return tuple(pair for pair in row.cells.items() if pair[0] not in PLACE)
