"""Output that commands share: consoles, progress bars, numbers, tables, JSON, notes."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from study.cli.messages import message
from study.cli.tab_title import tab_title
from study.text import path_text

if TYPE_CHECKING:
    from rich.console import Console

    from study.plan.plan import Plan
    from study.report.table import Table
    from study.spec.metric import Metric
    from study.store.store import Store


def console(err: bool = False) -> "Console":
    """A console that colours a terminal only; in a pipe even FORCE_COLOR changes nothing."""
    from study.cli.consoles import console_of

    return console_of(sys.stderr if err else sys.stdout)


@contextmanager
def progress(title: str) -> "Iterator[Callable[[int, int], object]]":
    """A function (done, total) that updates a progress bar on a terminal."""
    from rich.progress import Progress

    with (
        tab_title() as name,
        Progress(console=console(err=True), transient=True, disable=not sys.stderr.isatty()) as bar,
    ):
        task = bar.add_task(title, total=None)
        name(title)

        def update(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)
            name(f"{done}/{total} {title}")

        yield update


def show_tables(tables: "Mapping[str, Table]") -> None:
    """Print tables, folded to the width of a terminal."""
    from study.report.report import terminal
    from study.report.text.definitions import BOLD

    out = console()
    for name, table in tables.items():
        # Files alone: the main table is the same with fewer columns.
        if name in ("table_wide", "supplement"):
            continue
        # In a pipe nothing is bold.
        notes = (n for n in table.notes if out.is_terminal or not n.startswith(BOLD))
        out.print(terminal(replace(table, notes=tuple(notes))))
        out.print()


def show_rows(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table of texts, whose first column names a row."""
    from study.report.columns import FoldedTable

    order = tuple(range(len(heads)))
    console().print(FoldedTable(tuple(heads), [("", rows)], order=order, right=frozenset()))


def echo_json(value: object) -> None:
    # Python would write NaN, which no other reader of JSON accepts.
    text = json.dumps(value, indent=1, allow_nan=False)
    click.echo(text.replace("\x7f", "\\u007f"))  # the only control character that json leaves


def note_strays(store: "Store", *plans: "Plan") -> None:
    """Print a note for each file of these studies that was set aside: damaged, or foreign."""
    names = {trial.name: None for plan in plans for trial in plan.trials}
    for path in store.strays(names):
        where = path_text(path)
        message(f"note: set aside, damaged or from another store: {where}")


def in_units(metric: "Metric", value: float | None) -> str:
    """A measurement in the units of the table, where there is one."""
    from study import format

    return format.ABSENT if value is None else format.measured(value, metric)
