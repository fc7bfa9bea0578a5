"""The files that `measured` names: one with a row per run, or several with a run each."""

import glob
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from study.errors import SpecError, unknown
from study.plan.measured.formats import FORMATS, ResultRow, cell, columns_of
from study.plan.measured.gaps import listed
from study.plan.measured.logs import end_of_log
from study.spec.yaml import read

DIGITS = 10  # of a digest in captions
SUMMARY = "summary.csv"
"""The log that timm's train.py keeps of a run; its arguments are in the file beside it."""
ARGUMENTS = "args.yaml"
UNFINISHED = ("crashed", "failed", "killed", "running", "pending", "preempting", "preempted")
"""States of runs in an export of wandb whose numbers are not those of the end."""


@dataclass(frozen=True)
class ResultTable:
    """All rows of the files of results."""

    name: str
    """The files as the study names them."""
    digest: str
    """First digits of the SHA-256 of their content."""
    rows: tuple[ResultRow, ...]
    notes: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        return columns_of(self.rows)


def result_table(name: str, folder: Path) -> ResultTable:
    """The rows of the files that a name or a pattern names, from a folder.

    Raises:
        SpecError: there is no such file, or one cannot be read.
    """
    paths = _paths(name, folder)
    several = len(paths) > 1 or paths[0] != folder / Path(name).expanduser()
    whole, rows, logs = hashlib.sha256(), list[ResultRow](), 0
    for path in paths:
        content = _content(path)
        near = Path(os.path.relpath(path, folder))
        # Names too: they may say which arm a file is of. Not that of a single one, so that the
        # digest is the one that sha256sum prints.
        whole.update(f"{near}\n".encode() * several + content)
        own = list(FORMATS[path.suffix.lower()](near, content))
        if several or path.name == SUMMARY:
            if end := end_of_log(own):
                own, logs = [end], logs + 1
            arguments = path.with_name(ARGUMENTS)
            more = _content(arguments) if arguments.is_file() else b""
            # They decide which arm a row is of, so an edit of them is another result.
            whole.update(f"{near.with_name(ARGUMENTS)}\n".encode() * bool(more) + more)
            own = [*_with_run(own, path, more)]
        rows += own
    if not rows:
        raise SpecError(f"{name} has no row below its header")
    if charts := [column for column in columns_of(rows) if column.endswith("__MIN")]:
        message = f"{name} is an export of a chart ({charts[0]}): export the table of runs"
        raise SpecError(message)
    rows, notes = _finished(rows)
    if logs:
        files = f"{logs} files are logs" if logs > 1 else "1 file is the log"
        notes.append(f"{name}: {files} of a run: the last value of a column counts, never the best")
    return ResultTable(name, whole.hexdigest()[:DIGITS], tuple(rows), tuple(notes))


def _paths(name: str, folder: Path) -> list[Path]:
    """The files of a name: a folder has all of its kind, or the logs of timm's runs."""
    whole = folder / Path(name).expanduser()
    if whole.is_dir():
        inside = [p for p in whole.rglob("*") if _is_visible(p.relative_to(whole))]
        logs = [path for path in inside if path.name == SUMMARY]
        paths = logs or [p for p in inside if p.suffix.lower() in FORMATS and p.is_file()]
        if not paths:
            raise SpecError(f"{name} has no file of results ({', '.join(FORMATS)})")
        return sorted(paths)
    # A file is meant by its name, even if that holds the brackets of a pattern.
    if whole.is_file() or not glob.has_magic(name):
        if whole.suffix.lower() not in FORMATS:
            raise SpecError(unknown("format of results", whole.suffix or name, FORMATS))
        return [whole]
    # From the folder: brackets in its own name are none of the pattern.
    pattern = str(Path(name).expanduser())
    paths = [folder / path for path in glob.glob(pattern, root_dir=folder, recursive=True)]
    if not paths:
        raise SpecError(f"no file is called {name}")
    if other := [path for path in paths if path.suffix.lower() not in FORMATS]:
        raise SpecError(unknown("format of results", str(other[0]), FORMATS))
    return sorted(paths)


def _is_visible(path: Path) -> bool:
    return not any(part.startswith(".") for part in path.parts)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError):
        near = [other.name for other in sorted(path.parent.glob("*")) if other.suffix in FORMATS]
        raise SpecError(unknown("file of results", path.name, near)) from None


def _with_run(rows: Sequence[ResultRow], path: Path, arguments: bytes) -> Iterator[ResultRow]:
    """The rows of a run's file, with its arguments, and the names of its file and folder."""
    more = {"file": path.stem, "folder": path.parent.name}
    if arguments:
        source = path.with_name(ARGUMENTS)
        tree, problems = read(arguments.decode("utf-8-sig", "replace"), str(source))
        if problems or not isinstance(tree.value, dict):
            raise SpecError(f"{source} has no arguments of a run")
        more |= {str(key): cell(value) for key, value in tree.plain().items()}
    for row in rows:
        yield ResultRow({**more, **row.cells}, row.place)


def _finished(rows: Sequence[ResultRow]) -> tuple[list[ResultRow], list[str]]:
    """The rows of runs that ended, and a note on the others, in an export of wandb."""
    left = [row for row in rows if row.cells.get("State") in UNFINISHED]
    if not left:
        return list(rows), []
    names = listed([f"{row.place} ({row.cells['State']})" for row in left])
    verb = "run has not finished and is" if len(left) == 1 else "runs have not finished and are"
    finished = [row for row in rows if row not in left]
    return finished, [f"{len(left)} {verb} left out: {names}"]
