"""clean: what nobody needs any more."""

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
from study.cli.options import Asked, console, echo_json, folder, import_option, json_option
from study.errors import StoreError, StudyError
from study.store.store import Store
from study.text import path_text

if TYPE_CHECKING:
    from study.plan.plan import Plan

ITEMS_LISTED = 8  # of a group, unless all are asked for
PLANNED = ("trials", "checkpoints")  # which of these go is known from plans alone


@click.command("clean")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--only", "groups", type=click.Choice(list(GROUPS)), multiple=True,
              help="One group, or several.  [default: all]")  # fmt: skip
@click.option("--gone", is_flag=True, help="Trials of study files that are gone, too.")
@click.option("--dry-run", is_flag=True, help="List all, remove nothing.")
@click.option("--yes", is_flag=True, help="Remove without asking.")
@import_option
@folder("--store", "results", "Where results are kept.")
@json_option
def clean_command(
    files: tuple[Path, ...], groups: tuple[str, ...], gone: bool, dry_run: bool, yes: bool,
    imports: tuple[str, ...], store: Path, as_json: bool,
) -> int:  # fmt: skip
    """List what of the store nobody needs, and remove it.

    Trials that FILES refer to are kept, in every profile, and so are those of earlier runs whose
    study files are still there.  [default: ablations/*.yaml]
    """
    kept = Store(store)
    if not store.is_dir():
        raise StoreError(f"there is no store {store}: --store names another")
    groups, studies = groups or tuple(GROUPS), files or sorted(Path("ablations").glob("[!.]*.yaml"))
    looked = _looked(kept, studies, imports, gone, groups)
    # Nothing goes on a guess: one study that cannot be planned keeps all trials.
    names = [name for name in groups if not (looked.unknown and name in PLANNED)]
    items = removable(kept, names, looked.needs)
    if as_json:
        rows = {name: [_row(item) for item in some] for name, some in items.items()}
        echo_json({"groups": rows, "unknown": looked.unknown})
    else:
        _show(items, everything=dry_run)
    _tell(looked, kept)
    status = INCOMPLETE if looked.unknown else 0
    if dry_run or (as_json and not yes) or not any(items.values()):
        return status
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("nobody is here to be asked: add --yes to remove this")
    if not yes and not click.confirm("Remove all this?", err=True):
        click.echo("nothing was removed", err=True)
        return status
    # Planning and asking take time, in which a new run may need what is listed.
    if {job.path for job in looked.needs.jobs} != {job.path for job in jobs(kept)}:
        raise StudyError("a study was run meanwhile, so nothing was removed: look again")
    return status if _remove(items) else INCOMPLETE


# ---- what is needed ----


class Request(NamedTuple):
    """A study to be planned; `said` names it to the user."""

    said: str
    asked: Asked
    folder: Path
    """Where its words are meant."""
    mend: str
    """The next step for the user if it cannot be planned."""


class Gone(NamedTuple):
    """Trials that were asked for by what cannot be planned anew."""

    said: str
    trials: tuple[str, ...]
    why: str
    """The reason, with the step that releases the trials."""


@dataclass
class Looked:
    needs: Needs
    unknown: list[str] = field(default_factory=list)
    """Why it cannot be known which trials are needed."""
    gone: list[Gone] = field(default_factory=list)


def _looked(
    store: Store, files: Sequence[Path], imports: tuple[str, ...], gone: bool,
    groups: Sequence[str],
) -> Looked:  # fmt: skip
    looked, requests = Looked(Needs(jobs(store))), list[Request]()
    for index, job in enumerate(looked.needs.jobs):
        requests += _request(job, looked, store, again=looked.needs.jobs[index + 1 :], gone=gone)
    if not {*groups} & {*PLANNED}:
        return looked
    requests += [one for file in files for one in _profiles(file, store, imports)]
    weights = "checkpoints" in groups and any((store.root / "trials").glob(f"[!.]*/{CHECKPOINT}"))
    with console(err=True).status("planning all studies") as status:
        for request in requests:
            status.update(f"planning {request.said}")
            _plan(request, looked, store, weights)
    for one in looked.gone:
        looked.needs.trials |= {*one.trials}
    return looked


def _request(
    job: JobFolder, looked: Looked, store: Store, *, again: Sequence[JobFolder], gone: bool
) -> Iterator[Request]:
    """The study of a job, to be planned again; if it cannot be, its recorded trials are kept."""
    if not job.order:
        owner = job.path.lstat().st_uid
        looked.unknown.append(
            f"what {job.path} asks for cannot be read (of user {owner}): "
            "remove that folder to let go of it"
        )
        return
    if job.busy:
        looked.needs.trials |= {*job.trials}
    if not job.trials or superseded(job, again):
        return
    words, where = job.words[0] or [str(job.path)], job.words[1]
    if job.own and job.file:
        looked.needs.requests.add(job.path)
        said, step = f"study run {' '.join(words)}", f"remove {job.path} to let go of it"
        yield Request(said, _asked(words, job.file, store), Path(where), step)
    elif not (gone and job.own and where):
        looked.needs.requests.add(job.path)
        known = job.own and where
        why = (
            "is gone (--gone removes them)" if known else f"cannot be planned anew: see {job.path}"
        )
        words = [str(Path(where, words[0])), *words[1:]]
        looked.gone.append(Gone(" ".join(words), job.trials, why))


def _asked(words: Sequence[str], file: Path, store: Store) -> Asked:
    """The words of an earlier call: a file, then flags with their values."""
    # Every flag of a stored command has a value, so they come in pairs.
    given: dict[str, list[str]] = {"--profile": [], "--set": [], "--import": []}
    for flag, value in zip(words[1::2], words[2::2], strict=False):
        given.setdefault(flag, []).append(value)
    profile, settings, imports = (given[flag] for flag in ("--profile", "--set", "--import"))
    return _planned(file, next(iter(profile), None), tuple(settings), store, tuple(imports))


def _profiles(file: Path, store: Store, imports: tuple[str, ...]) -> Iterator[Request]:
    """A study file without and with each of its profiles."""
    from study.spec.preview import preview

    for profile in (None, *preview(file).profiles):
        said = f"{file} --profile {profile}" if profile else str(file)
        asked = _planned(file, profile, (), store, imports)
        yield Request(said, asked, Path.cwd(), "name the files that count to leave it out")


def _planned(
    file: Path, profile: str | None, settings: tuple[str, ...], store: Store,
    imports: tuple[str, ...],
) -> Asked:  # fmt: skip
    """Without the variables that only say where images are: no trial is named by their values."""
    from study.spec.preview import preview

    stand_ins = preview(file).stand_ins(os.environ)
    return Asked(file, profile, settings, store.root.resolve(), imports, stand_ins)


def _plan(request: Request, looked: Looked, store: Store, weights: bool) -> None:
    """Find what a study refers to, unless there is nothing left that it could save."""
    needs, present = looked.needs, {path.name for path in (store.root / "trials").glob("[!.]*")}
    known = needs.trials.union(*(one.trials for one in looked.gone))
    try:
        # Paths of an earlier command are relative to the folder that it was given in.
        with chdir(request.folder):
            if present <= known and not (weights and _evaluates(request.asked)):
                return
            plan, _ = request.asked.plan()
    except (StudyError, OSError) as error:  # its folder may be gone
        said = str(error).removesuffix(", nothing was run")
        looked.unknown.append(f"what {request.said} refers to: {request.mend}\n{said}")
        return
    needs.trials |= {trial.name for trial in plan.trials}
    needs.weights |= _unevaluated(plan, store)


def _evaluates(asked: Asked) -> bool:
    """True for a study that evaluates weights at other sizes, or that cannot be read."""
    from study.metrics import sized

    study, problems = asked.read()
    return study is None or bool(problems) or any(sized(name)[1] for name in study.columns)


def _unevaluated(plan: "Plan", store: Store) -> set[str]:
    """Trials whose weights the study still asks something of."""
    # Diverged weights are not evaluated at other sizes.
    trials = [trial.name for trial in plan.trials if trial.state != "diverged"]
    pairs = ((name, size) for name in trials for size in plan.sizes)
    return {name for name, size in pairs if store.evaluation(name, size) is None}


# ---- what is printed ----


def _show(items: Mapping[str, Sequence[Item]], everything: bool) -> None:
    for name, some in items.items():
        if not some:
            continue
        group = GROUPS[name]
        took = f"; their results took {_took(some)}" if any(item.seconds for item in some) else ""
        many_ = format.many(len(some), group.thing, PLURALS.get(name, ""))
        click.echo(f"{name:<12}{many_}, {format.size(_size(some))}: {group.why}{took}")
        click.echo(f"{'':12}lost with them: {group.lost}")
        shown = some if everything else some[:ITEMS_LISTED]
        for item in shown:
            place = path_text(item.path)
            click.echo(f"  {format.size(item.size):>8}  {place}  {item.description}".rstrip())
        if left := len(some) - len(shown):
            click.echo(f"{'':12}and {left} more (--dry-run lists all)")
    total = [item for some in items.values() for item in some]
    if total:
        click.echo(f"{format.size(_size(total))} in all")
    else:
        click.echo("there is nothing that nobody needs", err=True)


PLURALS = {"checkpoints": "files of weights"}


def _size(items: Sequence[Item]) -> int:
    return sum(item.size for item in items)


def _took(items: Sequence[Item]) -> str:
    """Hours, or less, by kind of device."""
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


def _tell(looked: Looked, store: Store) -> None:
    """Notes, and why groups are left alone."""
    kept: dict[str, set[str]] = {}
    for one in looked.gone:
        there = {name for name in one.trials if store.trial(name).is_dir()}
        kept.setdefault(f"{one.said}, which {one.why}", set()).update(there)
    for said, names in kept.items():
        if names:
            click.echo(f"note: kept {format.many(len(names), 'trial')} of {said}", err=True)
    for why in looked.unknown:
        click.echo(f"error: {why}", err=True)
    if looked.unknown:
        groups = " and ".join(PLANNED)
        click.echo(f"it cannot be known which trials are nobody's: {groups} are kept", err=True)


def _remove(items: Mapping[str, Sequence[Item]]) -> bool:
    """Remove all that can be, and print what cannot; whether nothing was left because of that."""
    freed, wrong = 0, list[StoreError]()
    for name, some in items.items():
        for item in some:
            try:
                removed = remove(name, item)
            except StoreError as error:
                wrong.append(error)
                click.echo(f"error: {error}", err=True)
                continue
            freed += item.size if removed else 0
            if not removed:
                click.echo(f"note: {item.path} is kept: somebody is at work on it", err=True)
    click.echo(f"removed {format.size(freed)}", err=True)
    return not wrong
