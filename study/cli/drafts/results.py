"""A draft of a study of results that exist: which columns are arms, seeds and metrics."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from study.api.column_choice import ColumnChoice
from study.api.doubles import doubled, pooled
from study.api.table import chosen_rows, in_memory
from study.cli.drafts.draft import CHECK, Draft, comment
from study.cli.drafts.reports import CHOSEN, QUALITY
from study.errors import StudyError
from study.plan.measured.columns import seed_column
from study.plan.measured.files import ResultTable, result_table
from study.plan.measured.formats import FORMATS, is_number
from study.spec.schema.measured import SEED

MOST_NAMED = 3  # values that a comment names
MOST_ARMS = 50  # more values are names of runs, or notes
RUN = {"name", "run", "run_id", "id", "run id", "tags", "notes", "state", "user", "created"}
"""Columns that tell runs apart and not what they vary, in exports of trackers above all."""


def draft(path: Path, folder: Path) -> Draft | None:
    """The draft of a study of a file of results; None for another file, or a folder.

    Raises:
        StudyError: no column of the file can be that of the arms, or of a metric.
    """
    if not path.is_file() or path.suffix.lower() not in FORMATS:
        return None
    table = result_table(path.name, path.parent)
    arms, metrics = _arms(table), _metrics(table)
    for kind, columns in (("arms", arms), ("metrics", metrics)):
        if not columns:
            raise StudyError(
                f"{path} has no column that looks like one of {kind} "
                f"({', '.join(table.columns)}): name it, as in study table {path} --arm COLUMN "
                "--metric COLUMN --save study.yaml"
            )
    choice = _choice(table, arms, metrics)
    study = in_memory(choice, table, os.path.relpath(path, folder))
    guesses = [
        f"arms are the values of {arms[0]}" + _others(arms),
        *(_chosen(table, column, str(value)) for column, value in choice.where.items()),
        *(note.text for note in study.notes),
        *_of_seeds(seed_column(table.columns)),
    ]
    comments = "".join(f"{CHECK} {comment(guess)}\n" for guess in guesses)
    text = f"# A study of results that exist: nothing is run.\n{comments}{study.text}"
    about = f"{len(table.rows)} rows of {path.name}"
    return Draft(text, f"{path.stem}.yaml", about)


def _of_seeds(column: str) -> list[str]:
    if not column:
        return ["no column seed: rows are not paired"]
    return [] if column == SEED else [f"seeds are the values of {column}"]


def _choice(table: ResultTable, arms: Sequence[str], metrics: Sequence[str]) -> ColumnChoice:
    """The columns of the study, and the rows of one data set, which have a seed once."""
    choice = ColumnChoice((arms[0],), tuple(metrics))
    for _ in arms[1:]:
        rows = chosen_rows(choice, table)
        if seed := seed_column(table.columns):
            twice = doubled(rows, choice.arms, metrics, seed)
            several = {column: twice.value(column) for column in twice.columns} if twice else {}
        else:
            first = rows[0].cells
            several = {c: first.get(c, "") for c in pooled(rows, metrics, choice.arms)}
        column = next((column for column in arms[1:] if column in several), None)
        if column is None:
            break
        choice = replace(choice, where={**choice.where, column: several[column]})
    return choice


def _chosen(table: ResultTable, column: str, value: str) -> str:
    """A comment on the rows that a study has, and on those that it leaves out."""
    others = [text for text in dict.fromkeys(_values(table, column)) if text != value]
    return (
        f"where takes the rows of {column} {value} alone, not {', '.join(others[:MOST_NAMED])}"
        f"{', ...' * (len(others) > MOST_NAMED)}; a factor setting.{column} would compare them"
    )


def _others(arms: Sequence[str]) -> str:
    return f"; other columns that vary: {', '.join(arms[1:])}" if len(arms) > 1 else ""


def _values(table: ResultTable, column: str) -> list[str]:
    return [row.cells[column] for row in table.rows if row.cells.get(column)]


def _arms(table: ResultTable) -> list[str]:
    """Columns whose values repeat and are no metric: texts first, then numbers such as a rate."""
    columns = [
        column
        for column in table.columns
        if column.lower() != SEED and column.lower() not in RUN and not QUALITY.search(column)
        if 1 < len({*_values(table, column)}) <= MOST_ARMS
    ]
    # A column whose values are all different names runs, not arms.
    repeated = [c for c in columns if len({*_values(table, c)}) < len(_values(table, c))]
    return sorted(repeated or columns, key=lambda column: _numeric(_values(table, column)))


def _metrics(table: ResultTable) -> list[str]:
    """Columns of numbers with the name of a metric, without those of the luckiest of many."""
    # A best over epochs is too good, by an amount that differs by arm.
    named = [c for c in table.columns if QUALITY.search(c) and _numeric(_values(table, c))]
    return [column for column in named if not CHOSEN.search(column)] or named


def _numeric(values: Sequence[str]) -> bool:
    return bool(values) and all(map(is_number, values))
