"""Logs: rows that are one run over time, and not a run each."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import groupby, pairwise

from study.errors import SpecError
from study.plan.measured.formats import ResultRow, is_number

STEPS = (
    *("epoch", "step", "_step", "global_step", "trainer/global_step", "train/global_step"),
    *("iteration", "iter", "epochs", "steps", "iterations"),
)
"""Columns by which the rows of a file are those of one run over time, in any case."""
OF_A_ROW = re.compile(r"time|date|eta$|path|file|checkpoint|ckpt", re.IGNORECASE)
"""Columns that differ from row to row of a log, whatever it logs."""
OF_A_RUN = re.compile(r"(?:^|[\W_])(?:seed|run|run_?id|fold)$", re.IGNORECASE)
"""Columns that have one value in one run."""
LONG = 3  # steps of a run in a row, on average; of values in any order it is two


def end_of_log(rows: Sequence[ResultRow]) -> ResultRow | None:
    """The last value of every column of the rows of one run; None if they are a run each.

    A run's rows count its steps upwards. Those of training and of validation may be apart, and
    have a step twice; no column has two values at one step.
    """
    names = dict.fromkeys(name for row in rows for name in row.cells)
    if not any(_upwards(_steps(rows, name)) and _agree(rows, name) for name in names):
        return None
    if any(_is_apart(rows, name) for name in names):
        return None
    # A value of the last validation, before the end if the log goes on without one.
    cells = {name: text for row in rows for name, text in row.cells.items() if text}
    return ResultRow({name: cells.get(name, "") for name in names}, rows[-1].place)


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
            if name not in used and _counts(_steps(own, name)):
                last = next(row.cells[name] for row in reversed(own) if row.cells.get(name))
                raise SpecError(
                    f"{own[0].place} and {own[1].place} are rows of one arm, and {name} counts "
                    f"the steps of one run: choose one by where ({name}: {last}), or name the "
                    "column of seeds; if each row is a run, leave that column out of the file"
                )


def _steps(rows: Sequence[ResultRow], column: str) -> list[float]:
    """The numbers of a column that counts steps, by its name; none if it has other texts."""
    if column.lower() not in STEPS:
        return []
    # A log may begin with the run's arguments, or end with a summary, which have no step.
    texts = [text for row in rows if (text := row.cells.get(column, ""))]
    is_number = all(text.replace(".", "", 1).isdecimal() for text in texts)
    return [float(text) for text in texts] if len(texts) > 1 and is_number else []


def _upwards(steps: Sequence[float]) -> bool:
    return len(steps) > 1 and steps[0] < steps[-1] and all(a <= b for a, b in pairwise(steps))


def _agree(rows: Sequence[ResultRow], column: str) -> bool:
    """True if no two rows of one step have two values of anything."""
    there = [row for row in rows if row.cells.get(column)]
    for _, own in groupby(there, key=lambda row: float(row.cells[column])):
        cells = dict[str, str]()
        for row in own:
            for name, text in row.cells.items():
                if text and cells.setdefault(name, text) != text and not _moves(name):
                    return False
    return True


def _moves(name: str) -> bool:
    """True for the clock of a log, and for its other counters of steps."""
    return bool(OF_A_ROW.search(name)) or name.lower() in STEPS


def _is_apart(rows: Sequence[ResultRow], name: str) -> bool:
    """True if a column tells runs apart: its texts differ, or its seeds do."""
    texts = {text for row in rows if (text := row.cells.get(name))}
    if len(texts) < 2 or _moves(name):
        return False
    return bool(OF_A_RUN.search(name)) or not all(map(is_number, texts))


def _counts(steps: Sequence[float]) -> bool:
    """True if numbers count the steps of a run, or those of several runs.

    Last epochs of runs that stopped early differ too, but rarely in this order, rarely do all of
    them occur as often, and rarely is one of them less than half of another.
    """
    times = Counter(steps)
    if len(times) < 2:
        return False
    if len(set(times.values())) == 1 and (_upwards(steps) or len(times) < len(steps)):
        return True
    if 2 * min(steps) >= max(steps):
        return False
    # All runs have their first steps, and fewer and fewer their last.
    of_steps = [times[step] for step in sorted(times)]
    fewer = of_steps[0] > 1 and all(a >= b for a, b in pairwise(of_steps))
    runs = 1 + sum(a > b for a, b in pairwise(steps))
    return _upwards(steps) or fewer or len(steps) >= LONG * runs
