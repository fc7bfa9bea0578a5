"""Logs: rows that are one run over time, and not a run each."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise

from study.errors import SpecError
from study.plan.measured.formats import ResultRow

STEPS = ("epoch", "step", "_step", "global_step", "trainer/global_step", "iteration")
"""Columns by which the rows of a file are those of one run over time."""


def is_log(rows: Sequence[ResultRow]) -> bool:
    """True for the rows of one run over time: a column counts its steps upwards."""
    columns = (_steps(rows, name) for name in STEPS)
    return _rises(next((steps for steps in columns if steps), []))


def refuse_steps(rows: Iterable[ResultRow], used: Collection[str]) -> None:
    """Refuse steps of runs in the place of runs: they are no replicates, whatever a test makes of
    them. `used` are the columns by which the study chooses rows.

    Raises:
        SpecError: names the first rows, and the column that counts.
    """
    by_file = dict[tuple[str, str], list[ResultRow]]()
    for row in rows:
        # Runs with a file each may have stopped at any epoch, and in any order.
        by_file.setdefault((row.cells.get("folder", ""), row.cells.get("file", "")), []).append(row)
    for own in by_file.values():
        names = dict.fromkeys(name for row in own for name in row.cells)
        for name in names if len(own) > 1 else ():
            if name.lower() in STEPS and name not in used and _counts(_steps(own, name)):
                raise SpecError(
                    f"{own[0].place} and {own[1].place} are rows of one arm, and {name} counts "
                    f"the steps of one run: choose one by where ({name}: "
                    f"{own[-1].cells[name]}), or name the column of seeds"
                )


def _steps(rows: Sequence[ResultRow], column: str) -> list[float]:
    """The numbers of a column; none unless every row has one."""
    texts = [row.cells.get(column, "") for row in rows]
    is_number = all(text.replace(".", "", 1).isdecimal() for text in texts)
    return [float(text) for text in texts] if len(texts) > 1 and is_number else []


def _rises(steps: Sequence[float]) -> bool:
    return len(steps) > 1 and all(a < b for a, b in pairwise(steps))


def _counts(steps: Sequence[float]) -> bool:
    """True if numbers count the steps of a run, or the same steps of several runs.

    Last epochs of runs that stopped early differ too, but rarely in this order, and rarely do all
    of them occur as often.
    """
    times = Counter(steps)
    several = len(times) > 1 and len(set(times.values())) == 1
    return several and (_rises(steps) or len(times) < len(steps))
