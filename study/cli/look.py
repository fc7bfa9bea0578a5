"""The commands status, cancel, results and list: results in the store, and active workers."""

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from study.cli.options import (
    StudyRequest,
    console,
    echo_json,
    folder,
    json_option,
    strays,
    study_file,
)
from study.errors import StudyError

if TYPE_CHECKING:
    from study.plan.plan import Plan
    from study.store.store import Store


@click.command("status")
@study_file
@json_option
@click.option("--watch", is_flag=True, help="Repeat every two seconds until all trials are done.")
def status_command(request: StudyRequest, as_json: bool, watch: bool) -> None:
    """Show every trial of FILE and its progress, from any terminal."""
    from study.cli import show

    if watch and as_json:
        raise click.UsageError("--watch repeats its output, --json prints one document: choose one")
    plan, store = request.plan()
    # A stale trial counts as open: another worker takes it over.
    while watch and any(t.state in ("running", "stale", "pending") for t in plan.trials):
        table = show.status_table(show.trial_rows(plan, store), _workers(plan, store))
        if sys.stdout.isatty():
            console().clear()
        console().print(table)
        time.sleep(2)
        plan, store = request.plan()
    rows = show.trial_rows(plan, store)
    if as_json:
        echo_json([vars(row) for row in rows])
    else:
        console().print(show.status_table(rows, _workers(plan, store)))
        for note in plan.notes:
            click.echo(f"note: {note}", err=True)
    strays(store)


def _workers(plan: "Plan", store: "Store") -> str:
    from study.launch import status

    return status.state_of(store, plan.study.identity)


@click.command("cancel")
@study_file
@click.option(
    "--now", is_flag=True, help="Stop at once; work since the last checkpoint is repeated."
)
def cancel_command(request: StudyRequest, now: bool) -> None:
    """Stop the workers of FILE, here and on Slurm; their results are kept."""
    from study.launch import status
    from study.store.store import Store

    store = Store(request.root)
    workers = status.cancel(store, request.identity, now=now)
    if not workers:
        # Workers are looked for before the file is read, which may be broken or gone by now.
        request.read()  # refuses a file and a profile that do not exist
        click.echo(f"no worker is active on {request.file}", err=True)
        for title, file in status.same_title(store, request.identity):
            other = f"{title} ({os.path.relpath(file)})"
            click.echo(f"note: workers of {other} go on", err=True)
        return
    when = "at once" if now else "after their step; waiting ones at once"
    click.echo(f"stopping {when}: {status.summary(workers)}", err=True)
    click.echo(f"nothing is lost; continue with: study run {request.command_line()}", err=True)


@click.command("results")
@study_file
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values on stdout.")
def results_command(request: StudyRequest, as_json: bool, as_csv: bool) -> None:
    """Print every measurement of FILE in base units, one row per arm, seed and metric."""
    from study.analysis.measurements import measurements

    plan, store = request.plan()
    labels = {arm.digest: arm.label for arm in plan.arms}
    rows = [{"label": labels[row["arm"]], **row} for row in measurements(plan, store)]
    strays(store)
    if as_json:  # JSON has no NaN, the value of a diverged trial
        echo_json([{k: None if v != v else v for k, v in row.items()} for row in rows])
        return
    import pandas as pd

    from study.report.spreadsheet import comma_separated

    frame = pd.DataFrame(rows, columns=["label", "arm", "seed", "metric", "value", "low", "high"])
    # Otherwise pandas prints seeds as floats, since costs have none.
    frame["seed"] = frame["seed"].astype("Int64")
    click.echo(comma_separated(frame) if as_csv else frame.to_string(index=False))


@click.command("list")
@click.argument("ablations", type=click.Path(path_type=Path), default=Path("ablations"))
@folder("--store", "results", "Where results are kept.")
def list_command(ablations: Path, store: Path) -> None:
    """List the studies in ABLATIONS with question, arms and progress."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("study", "question", "arms", "done"):
        table.add_column(name, overflow="fold")
    files = sorted(ablations.glob("[!.]*.yaml"))
    if not files:
        raise StudyError(f"no study files (*.yaml) in {ablations}")
    for file in files:
        try:
            plan, _ = StudyRequest(file, None, (), store).plan()
        except StudyError as error:
            # One line of a table has room for the first line of an error only.
            message = str(error).partition("\n")[0]
            table.add_row(escape(file.stem), f"[red]{escape(message)}[/]", "", "")
            continue
        done = len(plan.trials) - len(plan.missing)
        columns = (plan.study.question, str(len(plan.arms)), f"{done}/{len(plan.trials)} trials")
        table.add_row(escape(file.stem), *map(escape, columns))
    console().print(table)
