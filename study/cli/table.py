"""table: the report of results that exist, without a study file."""

import itertools
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
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
from study.spec.study import file_name

if TYPE_CHECKING:
    from study.api.column_choice import Assumption, ColumnChoice
    from study.plan.measured.files import ResultTable
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
@click.option(
    "--baseline",
    default="",
    metavar="ARM",
    help="[default: baseline, if an arm is called so, or that of the first row]",
)
@click.option("--better", metavar="HOW", multiple=True, help=BETTER)
@click.option(
    "--where", metavar="COLUMN=VALUE", multiple=True, help="Only rows that have this value."
)
@click.option(
    "--group",
    metavar="COLUMN",
    help="A table for each of its values, such as data sets, each with its own baseline.",
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
    group: str | None,
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
    from study.api.column_choice import ColumnChoice
    from study.plan.measured.files import result_table

    place, name = _place(file)
    pairs = _conditions(where)
    choice = ColumnChoice(arms, metrics, "" if unpaired else seed, baseline, better, pairs)
    rows = result_table(name, place.parent)
    near = _near(place.parent, name, save)
    parts = _parts(OneTable(choice, place, save), rows, near, group)
    for note in dict.fromkeys(note for part in parts for note in part.notes):
        message(f"note: {note}")
    for part in parts:
        if part.head:
            click.echo(f"# {part.head}" if dry_run else f"{part.head}\n")
        if dry_run:
            click.echo(part.text, nl=False)
        else:
            plan, store = part.request().plan()
            claim_folder(plan, reports)
            write_and_show(plan, store, reports, style, html=html)


@dataclass(frozen=True)
class OneTable:
    """The columns and rows of one table, and the study file that it has."""

    choice: "ColumnChoice"
    place: Path
    """The name of a study in memory."""
    save: Path | None
    head: str = ""
    """The group of the rows, for the line above the table."""
    text: str = ""
    notes: "tuple[Assumption, ...]" = ()

    def request(self) -> StudyRequest:
        """The study of the table, which is written to a file if it is to be kept."""
        if self.save is None:
            return StudyRequest(self.place, None, (), Path("results"), text=self.text)
        write_new(self.save, self.text, "--save FILE")
        message(f"wrote {self.save}: go on with study report {self.save}")
        return StudyRequest(self.save, None, (), Path("results"))


def _parts(whole: OneTable, rows: "ResultTable", near: str, group: str | None) -> list[OneTable]:
    """The only table, or one for each group, with their studies of a file that is called `near`."""
    from study.api.groups import groups
    from study.api.table import baseline_note, chosen_rows, in_memory

    choice, parts = whole.choice, [whole]
    if group:
        parts = _grouped(whole, [*groups(choice, rows, group)], group)
    # The choices of groups have a baseline, so that no note of theirs is about it.
    notes = tuple(baseline_note(choice, chosen_rows(choice, rows))) if group else ()
    studies = [in_memory(part.choice, rows, near) for part in parts]
    return [
        replace(part, text=study.text, notes=(*study.notes, *notes))
        for part, study in zip(parts, studies, strict=True)
    ]


def _grouped(whole: OneTable, choices: "Sequence[ColumnChoice]", column: str) -> list[OneTable]:
    """A table for each group, whose file and report have the value of the group in their name."""
    parts = list[OneTable]()
    for choice in choices:
        value = str(choice.where[column])
        place, save, number = _named(whole.place, value), whole.save, 2
        # Values that differ in characters that no file name can have.
        while place in [part.place for part in parts]:
            place, number = _named(whole.place, f"{value}_{number}"), number + 1
        save = save and save.with_name(place.name.replace(whole.place.stem, save.stem, 1))
        parts.append(OneTable(choice, place, save, f"{column}: {value}"))
    return parts


def _named(whole: Path, value: str) -> Path:
    return whole.with_name(f"{whole.stem}-{file_name(value)}.yaml")


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
