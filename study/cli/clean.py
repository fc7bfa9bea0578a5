"""The command clean: list and delete stored files that no study uses."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from study import format
from study.clean import GROUPS, Item, jobs, removable, remove
from study.cli import INCOMPLETE
from study.cli.messages import message
from study.cli.options import folder, import_option, json_option
from study.cli.output import echo_json
from study.cli.survey import PLANNED, Survey, survey_of
from study.errors import StoreError, StudyError
from study.store.store import Store
from study.text import path_text

ITEMS_LISTED = 8  # per group; --dry-run lists all


@click.command("clean")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--only",
    "groups",
    type=click.Choice(list(GROUPS)),
    multiple=True,
    help="Only this group; may be repeated.  [default: all]",
)
@click.option("--gone", is_flag=True, help="Include trials whose study files no longer exist.")
@click.option("--dry-run", is_flag=True, help="List all files and delete nothing.")
@click.option("--yes", is_flag=True, help="Delete without confirmation.")
@import_option
@folder("--store", "results", "Where results are kept.")
@json_option
def clean_command(
    files: tuple[Path, ...],
    groups: tuple[str, ...],
    gone: bool,
    dry_run: bool,
    yes: bool,
    imports: tuple[str, ...],
    store: Path,
    as_json: bool,
) -> int:
    """List stored files that no study uses, and delete them after confirmation.

    Trials of FILES are kept, for every profile, and so are trials of earlier runs whose study files
    still exist.  [default: ablations/*.yaml]
    """
    stored = Store(store)
    if not store.is_dir():
        raise StoreError(f"there is no store {store}; name another with --store")
    groups, studies = groups or tuple(GROUPS), files or sorted(Path("ablations").glob("[!.]*.yaml"))
    survey = survey_of(stored, studies, imports, gone, groups)
    # Nothing goes on a guess: one study that cannot be planned keeps all trials.
    names = [name for name in groups if not (survey.unknown and name in PLANNED)]
    items = removable(stored, names, survey.needs)
    if as_json:
        rows = {name: [_row(item) for item in some] for name, some in items.items()}
        echo_json({"groups": rows, "unknown": survey.unknown})
    else:
        _show(items, everything=dry_run)
    _report(survey, stored)
    status = INCOMPLETE if survey.unknown else 0
    if dry_run or (as_json and not yes) or not any(items.values()):
        return status
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to confirm on: add --yes")
    if not yes and not click.confirm("Delete all of this?", err=True):
        message("nothing was deleted")
        return status
    # Planning and asking take time, in which a new run may need what is listed.
    if {job.path for job in survey.needs.jobs} != {job.path for job in jobs(stored)}:
        raise StudyError("a study was started meanwhile, so nothing was deleted; try again")
    return status if _remove(items) else INCOMPLETE


# ---- printing ----


def _show(items: Mapping[str, Sequence[Item]], everything: bool) -> None:
    for name, some in items.items():
        if not some:
            continue
        group = GROUPS[name]
        took = f"; their results took {_took(some)}" if any(item.seconds for item in some) else ""
        many_ = format.many(len(some), group.thing, PLURALS.get(name, ""))
        click.echo(f"{name:<12}{many_}, {format.size(_size(some))}: {group.why}{took}")
        click.echo(f"{'':12}deleting these also removes: {group.lost}")
        listed = some if everything else some[:ITEMS_LISTED]
        for item in listed:
            place = path_text(item.path)
            click.echo(f"  {format.size(item.size):>8}  {place}  {item.description}".rstrip())
        if left := len(some) - len(listed):
            click.echo(f"{'':12}and {left} more (--dry-run lists all)")
    total = [item for some in items.values() for item in some]
    if total:
        click.echo(f"{format.size(_size(total))} in all")
    else:
        message("nothing to clean")


# Of things whose plural is not the singular with an s.
PLURALS = {"checkpoints": "files of weights"}


def _size(items: Sequence[Item]) -> int:
    return sum(item.size for item in items)


def _took(items: Sequence[Item]) -> str:
    """The time that results took, per device."""
    spent: dict[str, float] = {}
    for item in items:
        if item.seconds:
            spent[item.device] = spent.get(item.device, 0.0) + item.seconds
    return " and ".join(
        f"{format.duration(seconds)} of {device}" for device, seconds in spent.items()
    )


def _row(item: Item) -> dict[str, object]:
    row = {**vars(item), "path": str(item.path), "keep": list(item.keep)}
    # The key of --json stays, although the field has another name now.
    return row | {"said": row.pop("description")}


def _report(survey: Survey, store: Store) -> None:
    """Print which trials are kept although no study file uses them, and why."""
    names_of: dict[str, set[str]] = {}
    for job in survey.gone:
        stored = {name for name in job.trials if store.trial(name).is_dir()}
        names_of.setdefault(f"{job.label}, which {job.why}", set()).update(stored)
    for label, names in names_of.items():
        if names:
            message(f"note: kept {format.many(len(names), 'trial')} of {label}")
    for why in survey.unknown:
        message(f"error: {why}")
    if survey.unknown:
        groups = " and ".join(PLANNED)
        why = "some studies could not be planned, so these are kept"
        message(f"{why}: {groups}")


def _remove(items: Mapping[str, Sequence[Item]]) -> bool:
    """Delete the items and print errors; True if there were none."""
    freed, errors = 0, list[StoreError]()
    for name, some in items.items():
        for item in some:
            try:
                removed = remove(name, item)
            except StoreError as error:
                errors.append(error)
                message(f"error: {error}")
                continue
            freed += item.size if removed else 0
            if not removed:
                message(f"note: {item.path} is kept: a worker has claimed it")
    message(f"deleted {format.size(freed)}")
    return not errors
