"""status: every trial of a study, and the workers that are active on it."""

import sys
from typing import TYPE_CHECKING

import click

from study.api.request import StudyRequest
from study.cli.budget import so_far
from study.cli.looks import looks
from study.cli.messages import message
from study.cli.options import json_option, study_file
from study.cli.output import console, echo_json, note_strays
from study.store import polling
from study.store.states import OPEN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from study.cli.status_table import TrialRow
    from study.plan.plan import Plan
    from study.store.store import Store


@click.command("status")
@study_file
@json_option
@click.option("--watch", is_flag=True, help="Repeat every two seconds until all trials are done.")
def status_command(request: StudyRequest, as_json: bool, watch: bool) -> None:
    """Show every trial of FILE and its progress, from any terminal."""
    from study.cli.status_table import trial_rows

    if watch and as_json:
        raise click.UsageError("--watch repeats its output, --json prints one document: choose one")
    again = looks(polling.RESULTS) if watch else None
    plan, store = request.plan()
    while again and any(t.state in OPEN for t in plan.trials):
        table = _table(plan, store, trial_rows(plan, store))
        if sys.stdout.isatty():
            console().clear()
        console().print(table)
        next(again)
        plan, store = request.plan()
    rows = trial_rows(plan, store)
    if as_json:
        echo_json([vars(row) for row in rows])
    else:
        console().print(_table(plan, store, rows))
        for note in plan.notes:
            message(f"note: {note}")
    note_strays(store, plan)


def _table(plan: "Plan", store: "Store", rows: "Sequence[TrialRow]") -> "RenderableType":
    from study.cli.status_table import status_table, time_left

    workers, left = _workers(plan, store), time_left(plan, store, rows)
    return status_table(plan, rows, workers, left, bar=sys.stdout.isatty())


def _workers(plan: "Plan", store: "Store") -> str:
    from study.launch import status

    return status.state_of(store, plan.study.identity) + so_far(store, plan)
