"""list: the studies of a folder with their progress, or names that a study file can have."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from study.api.request import StudyRequest
from study.cli import completions
from study.cli.listings import LISTINGS, NameTable, matching
from study.cli.messages import message
from study.cli.options import folder, json_option
from study.cli.output import console, echo_json, progress, show_rows
from study.errors import StudyError, likely_name

if TYPE_CHECKING:
    from rich.text import Text

LIMIT = 40
HEADS = ("study", "question", "arms", "done")


class UncountedError(StudyError):
    """The plan of a study would count its arms, which takes seconds to minutes."""


@click.command("list")
@click.argument("what", metavar="[WHAT]", default="ablations", shell_complete=completions.listed)
@click.argument("pattern", required=False)
@click.option(
    "--limit",
    type=click.IntRange(0),
    default=LIMIT,
    show_default=True,
    help="The most rows of names; 0 for all.",
)
@folder("--store", "results", "Where results are kept.")
@json_option
def list_command(what: str, pattern: str | None, limit: int, store: Path, as_json: bool) -> None:
    """List studies with their progress, or the names that a study file can have.

    WHAT is a folder of studies, or one of recipes, models, metrics and tasks. PATTERN is a part of
    a name, or has * and ?: study list models "*pvt*". A folder of such a name is written ./models.
    """
    if what in LISTINGS:
        listing = LISTINGS[what]()
        _names(matching(listing, pattern) if pattern else listing, limit, as_json)
        return
    if pattern is not None or as_json:
        extra = "--json" if pattern is None else pattern
        raise click.UsageError(f"{extra}: of {', '.join(LISTINGS)} alone")
    _studies(Path(what), store)


def _names(listing: NameTable, limit: int, as_json: bool) -> None:
    """Print names of a kind, up to a limit on a terminal and in a pipe alike."""
    shown = listing.rows[: limit or None]
    if as_json:
        echo_json([dict(zip(listing.heads, row, strict=True)) for row in listing.rows])
        return
    show_rows(listing.heads, shown)
    if rest := len(listing.rows) - len(shown):
        message(f"note: {rest} more; a PATTERN or --limit 0 lists them")


def _studies(ablations: Path, store: Path) -> None:
    """Print the studies of a folder, with question, arms and progress."""
    from study.report.columns import FoldedTable

    if not ablations.is_dir():
        kinds = ", ".join(LISTINGS)
        near = likely_name(str(ablations), LISTINGS)
        hint = f'; did you mean "{near}"?' if near else ""
        # Typed or not: without a word the command looks there.
        where = f"{ablations} is no folder of studies, nor one of {kinds}{hint}"
        default = "; without a word study list looks for the folder ablations"
        raise StudyError(where + default * (str(ablations) == "ablations"))
    # The * of pathlib matches hidden files too, unlike that of a shell.
    files = sorted(ablations.glob("[!.]*.yaml"))
    if not files:
        raise StudyError(f"no study files (*.yaml) in {ablations}; study new writes one")
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
