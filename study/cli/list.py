"""list: the studies of a folder with their progress."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from study.api.request import StudyRequest
from study.cli.messages import message
from study.cli.options import folder
from study.cli.output import console, progress
from study.errors import StudyError

if TYPE_CHECKING:
    from rich.text import Text

HEADS = ("study", "question", "arms", "done")


class UncountedError(StudyError):
    """The plan of a study would count its arms, which takes seconds to minutes."""


@click.command("list")
@click.argument("ablations", type=click.Path(path_type=Path), default=Path("ablations"))
@folder("--store", "results", "Where results are kept.")
def list_command(ablations: Path, store: Path) -> None:
    """List the studies in ABLATIONS with question, arms and progress."""
    from study.report.columns import FoldedTable

    # The * of pathlib matches hidden files too, unlike that of a shell.
    files = sorted(ablations.glob("[!.]*.yaml"))
    if not files:
        raise StudyError(f"no study files (*.yaml) in {ablations}")
    rows = []
    with progress("reading studies") as tick:
        for number, file in enumerate(files, 1):
            rows.append(_row(StudyRequest(file, None, (), store, tell=_refuse)))
            tick(number, len(files))
    console().print(FoldedTable(HEADS, [("", rows)], order=(0, 3, 2, 1), right=frozenset({2})))
    if any(row[-1] == NEW for row in rows):
        message(f"note: {NEW}: study plan FILE counts its arms, which takes a while once")


NEW = "not planned"


def _row(request: StudyRequest) -> "tuple[str | Text, ...]":
    """A study with its progress, or the first line of what is wrong with it."""
    from rich.text import Text

    from study.cli.plan_table import total

    name = request.file.stem
    try:
        plan, _ = request.plan()
    except UncountedError:
        study, _ = request.read().complete()
        return name, study.question, str(len(study.arms)), NEW
    except StudyError as error:
        # A table has room for the first line of an error only.
        return name, Text(str(error).partition("\n")[0], "red"), "", ""
    done = f"{len(plan.trials) - len(plan.missing)}/{total(plan)} trials"
    return name, plan.study.question, str(len(plan.arms)), done


def _refuse(text: str) -> None:
    # A plan says so before it counts; a list shows what is known without that.
    raise UncountedError(text)
