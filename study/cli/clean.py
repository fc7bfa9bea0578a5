"""The command clean: list and delete stored files that no study uses."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from study import format
from study.clean import (
    CHECKPOINT,
    GROUPS,
    Item,
    JobFolder,
    Needs,
    jobs,
    removable,
    remove,
    superseded,
)
from study.cli import INCOMPLETE
from study.cli.options import StudyRequest, console, echo_json, folder, import_option, json_option
from study.errors import StoreError, StudyError
from study.store.store import Store
from study.text import path_text

if TYPE_CHECKING:
    from study.plan.plan import Plan

ITEMS_LISTED = 8  # per group; --dry-run lists all
PLANNED = ("trials", "checkpoints")  # groups that need the plans of all studies


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
    survey = _survey(stored, studies, imports, gone, groups)
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
        click.echo("nothing was deleted", err=True)
        return status
    # Planning and asking take time, in which a new run may need what is listed.
    if {job.path for job in survey.needs.jobs} != {job.path for job in jobs(stored)}:
        raise StudyError("a study was started meanwhile, so nothing was deleted; try again")
    return status if _remove(items) else INCOMPLETE


# ---- files that studies use ----


class StudyToPlan(NamedTuple):
    """A study to plan, to find the trials it uses."""

    label: str
    request: StudyRequest
    folder: Path
    """The folder that its relative paths refer to."""
    remedy: str
    """The step to take if it cannot be planned."""


class Gone(NamedTuple):
    """Trials of a job whose study can no longer be planned."""

    label: str
    trials: tuple[str, ...]
    why: str
    """Why it cannot be planned, and how to delete its trials."""


@dataclass
class Survey:
    """The files that studies use, as far as they can be planned."""

    needs: Needs
    unknown: list[str] = field(default_factory=list)
    """Reasons why the used trials are not all known; then no trial is deleted."""
    gone: list[Gone] = field(default_factory=list)


def _survey(
    store: Store,
    files: Sequence[Path],
    imports: tuple[str, ...],
    gone: bool,
    groups: Sequence[str],
) -> Survey:
    survey, requests = Survey(Needs(jobs(store))), list[StudyToPlan]()
    for index, job in enumerate(survey.needs.jobs):
        requests += _request(job, survey, store, again=survey.needs.jobs[index + 1 :], gone=gone)
    if not {*groups} & {*PLANNED}:
        return survey
    requests += [study for file in files for study in _profiles(file, store, imports)]
    weights = "checkpoints" in groups and any((store.root / "trials").glob(f"[!.]*/{CHECKPOINT}"))
    with console(err=True).status("planning all studies") as status:
        for request in requests:
            status.update(f"planning {request.label}")
            _plan(request, survey, store, weights)
    for job_without_study in survey.gone:
        survey.needs.trials |= {*job_without_study.trials}
    return survey


def _request(
    job: JobFolder, survey: Survey, store: Store, *, again: Sequence[JobFolder], gone: bool
) -> Iterator[StudyToPlan]:
    """The study of a job, to plan it; notes its trials if it cannot be planned."""
    if not job.order:
        owner = job.path.lstat().st_uid
        survey.unknown.append(
            f"the job file of {job.path} cannot be read (owner: user {owner}): "
            "delete that folder to drop its trials"
        )
        return
    if job.busy:
        survey.needs.trials |= {*job.trials}
    if not job.trials or superseded(job, again):
        return
    words, where = job.words[0] or [str(job.path)], job.words[1]
    if job.own and job.file:
        survey.needs.requests.add(job.path)
        label, remedy = f"study run {' '.join(words)}", f"delete {job.path} to drop its trials"
        yield StudyToPlan(label, _parsed(words, job.file, store), Path(where), remedy)
    elif not (gone and job.own and where):
        survey.needs.requests.add(job.path)
        if job.own and where:
            why = "no longer exists (--gone deletes them)"
        else:
            why = f"cannot be planned: see {job.path}"
        words = [str(Path(where, words[0])), *words[1:]]
        survey.gone.append(Gone(" ".join(words), job.trials, why))


def _parsed(words: Sequence[str], file: Path, store: Store) -> StudyRequest:
    """The request of an earlier command line: a file, then flags with their values."""
    # Every flag of a stored command has a value, so they come in pairs.
    values: dict[str, list[str]] = {"--profile": [], "--set": [], "--import": []}
    for flag, value in zip(words[1::2], words[2::2], strict=False):
        values.setdefault(flag, []).append(value)
    profile, settings, imports = (values[flag] for flag in ("--profile", "--set", "--import"))
    return _planned(file, next(iter(profile), None), tuple(settings), store, tuple(imports))


def _profiles(file: Path, store: Store, imports: tuple[str, ...]) -> Iterator[StudyToPlan]:
    """A study file without and with each of its profiles."""
    from study.spec.preview import preview

    for profile in (None, *preview(file).profiles):
        label = f"{file} --profile {profile}" if profile else str(file)
        request = _planned(file, profile, (), store, imports)
        yield StudyToPlan(label, request, Path.cwd(), "name the study files that count instead")


def _planned(
    file: Path,
    profile: str | None,
    settings: tuple[str, ...],
    store: Store,
    imports: tuple[str, ...],
) -> StudyRequest:
    """A request that needs no variable for the place of images: trial names do not depend on it."""
    from study.spec.preview import preview

    stand_ins = preview(file).stand_ins(os.environ)
    return StudyRequest(file, profile, settings, store.root.resolve(), imports, stand_ins)


def _plan(request: StudyToPlan, survey: Survey, store: Store, weights: bool) -> None:
    """Note the trials and weights that a study uses, unless all stored ones are noted already."""
    needs, present = survey.needs, {path.name for path in (store.root / "trials").glob("[!.]*")}
    used = needs.trials.union(*(job.trials for job in survey.gone))
    try:
        # Paths of an earlier command are relative to the folder that it was given in.
        with chdir(request.folder):
            if present <= used and not (weights and _evaluates(request.request)):
                return
            plan, _ = request.request.plan()
    except (StudyError, OSError) as error:  # its folder may be gone
        message = str(error).removesuffix(", nothing was run")
        survey.unknown.append(f"{request.label} cannot be planned: {request.remedy}\n{message}")
        return
    needs.trials |= {trial.name for trial in plan.trials}
    needs.weights |= _unevaluated(plan, store)


def _evaluates(request: StudyRequest) -> bool:
    """True for a study that evaluates trained weights at other sizes, or cannot be read."""
    from study.metrics import sized

    study, problems = request.read()
    return study is None or bool(problems) or any(sized(name)[1] for name in study.columns)


def _unevaluated(plan: "Plan", store: Store) -> set[str]:
    """Trials whose weights the study has yet to evaluate."""
    # Diverged weights are not evaluated at other sizes.
    trials = [trial.name for trial in plan.trials if trial.state != "diverged"]
    pairs = ((name, size) for name in trials for size in plan.sizes)
    return {name for name, size in pairs if store.evaluation(name, size) is None}


# ---- printing ----


def _show(items: Mapping[str, Sequence[Item]], everything: bool) -> None:
    for name, some in items.items():
        if not some:
            continue
        group = GROUPS[name]
        took = f"; their results took {_took(some)}" if any(item.seconds for item in some) else ""
        many_ = format.many(len(some), group.thing, PLURALS.get(name, ""))
        click.echo(f"{name:<12}{many_}, {format.size(_size(some))}: {group.why}{took}")
        click.echo(f"{'':12}this also loses: {group.lost}")
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
        click.echo("nothing to clean", err=True)


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
    return row | {"said": row.pop("description")}


def _report(survey: Survey, store: Store) -> None:
    """Print which trials are kept although no study file uses them, and why."""
    names_of: dict[str, set[str]] = {}
    for job in survey.gone:
        stored = {name for name in job.trials if store.trial(name).is_dir()}
        names_of.setdefault(f"{job.label}, which {job.why}", set()).update(stored)
    for label, names in names_of.items():
        if names:
            click.echo(f"note: kept {format.many(len(names), 'trial')} of {label}", err=True)
    for why in survey.unknown:
        click.echo(f"error: {why}", err=True)
    if survey.unknown:
        groups = " and ".join(PLANNED)
        message = "some studies could not be planned, so these are kept"
        click.echo(f"{message}: {groups}", err=True)


def _remove(items: Mapping[str, Sequence[Item]]) -> bool:
    """Delete the items and print errors; True if there were none."""
    freed, errors = 0, list[StoreError]()
    for name, some in items.items():
        for item in some:
            try:
                removed = remove(name, item)
            except StoreError as error:
                errors.append(error)
                click.echo(f"error: {error}", err=True)
                continue
            freed += item.size if removed else 0
            if not removed:
                click.echo(f"note: {item.path} is kept: a worker has claimed it", err=True)
    click.echo(f"deleted {format.size(freed)}", err=True)
    return not errors
