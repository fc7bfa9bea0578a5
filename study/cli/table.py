"""table: the report of results that exist, without a study file."""

import itertools
import os
from collections.abc import Iterable
from glob import has_magic
from pathlib import Path
from typing import TYPE_CHECKING

import click

from study.api.request import StudyRequest
from study.cli.messages import message
from study.cli.new_file import write_new
from study.cli.options import figure_options, reports_option
from study.cli.report import claim_folder, write_and_show
from study.report.figure_style import FigureStyle

if TYPE_CHECKING:
    from study.spec.schema.measured import Cell

BETTER = "higher or lower, or METRIC=lower for one of several; guessed by the name otherwise."


@click.command("table")
@click.argument("file", metavar="FILE")
@click.option(
    "--arm",
    "arms",
    metavar="COLUMN",
    multiple=True,
    required=True,
    help="The column that says which arm a row is of; several are combined.",
)
@click.option("--metric", "metrics", metavar="COLUMN", multiple=True, required=True)
@click.option("--seed", metavar="COLUMN", help="[default: seed, if there is such a column]")
@click.option("--unpaired", is_flag=True, help="Seeds have nothing in common: Welch's test.")
@click.option("--baseline", default="", metavar="ARM", help="[default: that of the first row]")
@click.option("--better", metavar="HOW", multiple=True, help=BETTER)
@click.option(
    "--where", metavar="COLUMN=VALUE", multiple=True, help="Only rows that have this value."
)
@reports_option
@figure_options
@click.option("--html", is_flag=True, help="Also write page.html, one self-contained page.")
@click.option(
    "--save",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="STUDY.yaml",
    help="Keep the study file, to go on from there.",
)
@click.option("--dry-run", is_flag=True, help="Print the study file and write nothing.")
def table_command(
    file: str,
    arms: tuple[str, ...],
    metrics: tuple[str, ...],
    seed: str | None,
    unpaired: bool,
    baseline: str,
    better: tuple[str, ...],
    where: tuple[str, ...],
    reports: Path,
    style: FigureStyle,
    html: bool,
    save: Path | None,
    dry_run: bool,
) -> None:
    """Table, effects and figures of the results in FILE.

    FILE is CSV, JSON lines, parquet, or an export of wandb, with a row per run; or a folder or a
    pattern of such files, such as "runs/*/summary.csv" of timm, with a run each.
    """
    if unpaired and seed:
        raise click.UsageError("--unpaired uses no seeds: leave --seed out")
    from study.api.table import ColumnChoice, in_memory
    from study.plan.measured.files import result_table

    place, name = _place(file)
    choice = ColumnChoice(
        arms, metrics, "" if unpaired else seed, baseline, better, _conditions(where)
    )
    study = in_memory(choice, result_table(name, place.parent), _near(place.parent, name, save))
    for note in study.notes:
        message(f"note: {note}")
    if dry_run:
        click.echo(study.text, nl=False)
        return
    request = StudyRequest(save or place, None, (), Path("results"), text=study.text)
    if save:
        write_new(save, study.text, "--save FILE")
        message(f"wrote {save}: go on with study report {save}")
        request = StudyRequest(save, None, (), Path("results"))
    plan, store = request.plan()
    claim_folder(plan, reports)
    write_and_show(plan, store, reports, style, html=html)


def _place(file: str) -> tuple[Path, str]:
    """The path of the study in memory, and the results as they are named from its folder."""
    path = Path(file)
    if has_magic(file) and not path.exists():
        # A pattern has no name, but the folder where it begins has one.
        before = itertools.takewhile(lambda part: not has_magic(part), path.parts)
        folder = Path(*before)
    else:
        folder = path
    # The current folder, a parent, and the root have no name that they could give a study.
    if folder.name in ("", ".."):
        return _free(Path("results")), file
    named = os.path.relpath(path, folder.parent)
    return _free(folder), named


def _free(results: Path) -> Path:
    """The path of a study of results; a study of this name is another one, whose report stays."""
    whole = results.with_name(f"{results.stem if results.is_file() else results.name}.yaml")
    return results if whole.exists() else whole


def _near(folder: Path, name: str, save: Path | None) -> str:
    """The results as the study file names them: from its own folder, if it is kept."""
    return os.path.relpath(folder / name, save.parent) if save else name


def _conditions(where: Iterable[str]) -> "dict[str, Cell]":
    """The values of columns that `--where` gives; numbers count however they are written."""
    from study.plan.measured.columns import value_of

    conditions = dict[str, "Cell"]()
    for text in where:
        column, equals, value = text.partition("=")
        if not equals or not column:
            raise click.UsageError(f'--where takes COLUMN=VALUE, not "{text}"')
        if column in conditions:
            raise click.UsageError(f"--where gives {column} two values; a row has one")
        conditions[column] = value_of(value)
    return conditions
