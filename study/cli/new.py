"""new: a commented study file for what a folder or a script holds."""

from pathlib import Path

import click

from study.api.request import StudyRequest
from study.cli import FAILED
from study.cli.messages import message
from study.cli.new_file import write_new

TASKS = ("program", "classification", "detection", "results")
"""The tasks of `study.cli.drafts.DRAFTS`, whose import takes too long for a help page."""


@click.command("new")
@click.argument("path", type=click.Path(path_type=Path), default=Path())
@click.option("--task", type=click.Choice(TASKS), help="What a trial is.  [default: by PATH]")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The study file; one that exists is never overwritten.  [default: by PATH]",
)
def new_command(path: Path, task: str | None, out: Path | None) -> int:
    """Write a commented study file for what is at PATH.

    PATH is a script, whose flags and prints are read and which is never run; a file of results,
    such as CSV; or a folder with a script, with folders of classes, or with images in COCO's form.
    Without any of them --task writes an example.
    """
    from study.cli.drafts import chosen_draft

    chosen = chosen_draft(path, task, out.parent if out else Path())
    draft = chosen.draft
    file = out or Path(draft.name.lstrip("."))  # a study's name begins with no dot
    write_new(file, draft.text, "-o FILE")
    message(f"wrote {file}: {draft.about}")
    for other in chosen.others:
        message(f"note: there is something for --task {other}, too")
    guesses = draft.text.count("CHECK:")
    message(f"{guesses} lines with CHECK are yours to decide; then: study plan {file}")
    problems = StudyRequest(file, None, (), Path("results")).read().problems
    for problem in dict.fromkeys(map(str, problems)):  # once, not for every arm
        message(problem)
    return FAILED if problems else 0
