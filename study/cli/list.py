"""list: the studies of a folder with their progress."""

from functools import partial
from pathlib import Path

import click

from study.api.request import StudyRequest
from study.cli.messages import message
from study.cli.options import folder
from study.cli.output import console
from study.errors import StudyError


@click.command("list")
@click.argument("ablations", type=click.Path(path_type=Path), default=Path("ablations"))
@folder("--store", "results", "Where results are kept.")
def list_command(ablations: Path, store: Path) -> None:
    """List the studies in ABLATIONS with question, arms and progress."""
    from rich.markup import escape
    from rich.table import Table

    from study.cli.plan_table import total

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("study", "question", "arms", "done"):
        table.add_column(name, overflow="fold")
    # The * of pathlib matches hidden files too, unlike that of a shell.
    files = sorted(ablations.glob("[!.]*.yaml"))
    if not files:
        raise StudyError(f"no study files (*.yaml) in {ablations}")
    for file in files:
        try:
            plan, _ = StudyRequest(file, None, (), store, tell=partial(_tell, file)).plan()
        except StudyError as error:
            # One line of a table has room for the first line of an error only.
            first = str(error).partition("\n")[0]
            table.add_row(escape(file.stem), f"[red]{escape(first)}[/]", "", "")
            continue
        done = len(plan.trials) - len(plan.missing)
        columns = (plan.study.question, str(len(plan.arms)), f"{done}/{total(plan)} trials")
        table.add_row(escape(file.stem), *map(escape, columns))
    console().print(table)


def _tell(file: Path, text: str) -> None:
    # To stderr, as stdout is the table: the first plan of a study counts its arms for seconds.
    message(f"{file.stem}: {text}")
