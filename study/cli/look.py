"""status, cancel, results, list: what the store has, and who works on it."""

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from study.cli.options import Asked, console, echo_json, folder, json_option, strays, study_file
from study.errors import StudyError

if TYPE_CHECKING:
    from study.plan.plan import Plan
    from study.store.store import Store


@click.command("status")
@study_file
@json_option
@click.option("--watch", is_flag=True, help="Look again every two seconds until all is done.")
def status_command(asked: Asked, as_json: bool, watch: bool) -> None:
    """Every trial of FILE and how far it is; from any terminal, while it runs."""
    from study.cli import show

    if watch and as_json:
        raise click.UsageError("--watch looks again and again, --json prints one document")
    plan, store = asked.plan()
    # A stale trial counts as open: another worker takes it over.
    while watch and any(t.state in ("running", "stale", "pending") for t in plan.trials):
        table = show.status_table(show.trial_rows(plan, store), _crew(plan, store))
        if sys.stdout.isatty():
            console().clear()
        console().print(table)
        time.sleep(2)
        plan, store = asked.plan()
    rows = show.trial_rows(plan, store)
    if as_json:
        echo_json([vars(row) for row in rows])
    else:
        console().print(show.status_table(rows, _crew(plan, store)))
        for note in plan.notes:
            click.echo(f"note: {note}", err=True)
    strays(store)


def _crew(plan: "Plan", store: "Store") -> str:
    from study.launch import status

    return status.state_of(store, plan.study.identity)


@click.command("cancel")
@study_file
@click.option(
    "--now", is_flag=True, help="At once; what was done since the last save is done again."
)
def cancel_command(asked: Asked, now: bool) -> None:
    """Stop the workers of FILE, here and on Slurm. What they did is kept."""
    from study.launch import status
    from study.store.store import Store

    store = Store(asked.root)
    workers = status.cancel(store, asked.identity, now=now)
    if not workers:
        # Workers are looked for before the file is read, which may be broken or gone by now.
        asked.read()  # refuses a file and a profile that do not exist
        click.echo(f"nothing works on {asked.file}", err=True)
        for title, file in status.akin(store, asked.identity):
            said = f"workers of {title} ({os.path.relpath(file)}) are left alone"
            click.echo(f"note: {said}", err=True)
        return
    when = "at once" if now else "after their step; those that wait, at once"
    click.echo(f"stopping {when}: {status.told(workers)}", err=True)
    click.echo(f"nothing is lost; go on with: study run {asked.again()}", err=True)


@click.command("results")
@study_file
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values on stdout.")
def results_command(asked: Asked, as_json: bool, as_csv: bool) -> None:
    """Every measurement of FILE in base units: one row per arm, seed and metric."""
    from study.analysis.measurements import measurements

    plan, store = asked.plan()
    labels = {arm.digest: arm.label for arm in plan.arms}
    rows = [{"label": labels[row["arm"]], **row} for row in measurements(plan, store)]
    strays(store)
    if as_json:  # NaN, of a trial that diverged, is no JSON
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
    """The studies in ABLATIONS: question, arms, what is done."""
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
            plan, _ = Asked(file, None, (), store).plan()
        except StudyError as error:
            # One line of a table has room for the first line of an error only.
            said = str(error).partition("\n")[0]
            table.add_row(escape(file.stem), f"[red]{escape(said)}[/]", "", "")
            continue
        done = len(plan.trials) - len(plan.missing)
        cells = (plan.study.question, str(len(plan.arms)), f"{done}/{len(plan.trials)} trials")
        table.add_row(escape(file.stem), *map(escape, cells))
    console().print(table)
