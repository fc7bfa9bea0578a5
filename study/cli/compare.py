"""compare: two arms of a study side by side."""

import click

from study.api.request import StudyRequest
from study.cli.completions import arms
from study.cli.options import json_option, study_file
from study.cli.output import console, echo_json, note_strays, show_tables


@click.command("compare")
@study_file
@click.argument("first", metavar="A", shell_complete=arms)
@click.argument("second", metavar="B", shell_complete=arms)
@click.option(
    "--metric", metavar="NAME", help="Show the seeds of this metric.  [default: the first quality]"
)
@json_option
def compare_command(
    request: StudyRequest, first: str, second: str, metric: str | None, as_json: bool
) -> None:
    """Arm B of FILE against arm A: all metrics, seeds and images.

    A and B are labels of the study file; "baseline" is one, too.
    """
    from rich.text import Text

    from study.report import compare

    plan, store = request.plan()
    comparison = compare.comparison(plan, store, first, second, metric)
    note_strays(store, plan)
    if as_json:
        echo_json(compare.record(comparison))
        return
    show_tables({table.name: table for table in compare.tables(comparison)})
    out = console()
    answer = Text(compare.answer(comparison), "bold")
    out.print(answer, soft_wrap=not out.is_terminal)
