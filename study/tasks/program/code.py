"""The files that a program is made of: their digests, and the copies that workers run."""

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from glob import has_magic
from itertools import islice
from pathlib import Path

from study.errors import StudyError
from study.spec.task import ReadParts
from study.store import provenance

SMALL = 256 << 10  # bytes; a file of inputs that configures a model has fewer, data have more
MOST_FILES = 256  # files of an input that are looked at; data may have a million
MOST_BYTES = 64 << 20  # of all files together; larger ones are data
COPIES = "program"
"""The folder of a job that has the copies, each by the digest of its files."""
SEED_VARIABLE = "STUDY_SEED"
NO_SEED = "nothing of the program uses the seed"


class CodeError(StudyError):
    """Files of `code` or `inputs` that cannot be used as such."""


def listed(root: Path, pattern: str) -> tuple[str, ...]:
    """The files that a file, folder or pattern names, relative to the root and sorted.

    Raises:
        CodeError: there is none, or it lies outside the root.
    """
    refuse_outside(pattern)
    path = root / pattern
    if has_magic(pattern):
        paths: Iterable[Path] = root.glob(pattern)
    else:
        paths = path.rglob("*") if path.is_dir() else [path]
    # Sorted, because file systems list in any order.
    files = sorted(p.relative_to(root).as_posix() for p in paths if p.is_file() and _plain(p, root))
    if not files:
        raise CodeError(f'no file is named "{pattern}" in {root}')
    return tuple(files)


def refuse_outside(name: str) -> None:
    """Raise CodeError for a name that leads out of the root, whose copy would lie elsewhere."""
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise CodeError(f'"{name}" is not inside cwd, which is copied as a whole: set cwd')


def _plain(path: Path, root: Path) -> bool:
    """False for hidden files and compiled code, unless a pattern has a hidden one itself."""
    return not any(p.startswith((".", "__pycache__")) for p in path.relative_to(root).parts)


def files_of(root: Path, patterns: Iterable[str]) -> list[str]:
    """All files of `code`, each once. Raises CodeError."""
    files = sorted({file for pattern in patterns for file in listed(root, pattern)})
    if (size := sum((root / file).stat().st_size for file in files)) > MOST_BYTES:
        raise CodeError(
            f"the files of code have {size / 1e6:.0f} MB, and are copied for every job: "
            "name data under inputs"
        )
    return files


def files_once(parts: ReadParts, root: Path, patterns: Sequence[str]) -> list[str]:
    """`files_of`, once for all arms of a study: a file server is slow to list folders."""
    return parts.once(("files", root, *patterns), lambda: files_of(root, patterns))


def digests_once(parts: ReadParts, root: Path, patterns: Sequence[str]) -> dict[str, str]:
    """The digest of every file of `code`, once for all arms of a study. Raises CodeError."""
    key = ("digests", root, *patterns)
    return parts.once(key, lambda: digests(root, files_once(parts, root, patterns)))


def input_digests_once(parts: ReadParts, root: Path, names: Sequence[str]) -> dict[str, str]:
    """`input_digests`, once for all arms of a study."""
    return parts.once(("inputs", root, *names), lambda: input_digests(root, names))


def mentions_once(parts: ReadParts, root: Path, files: Sequence[str], name: str) -> bool:
    """`mentions`, once for all arms of a study."""
    return parts.once(("mentions", name, root, *files), lambda: mentions(root, files, name))


def digests(root: Path, files: Iterable[str]) -> dict[str, str]:
    """The digest of every file, 16 hex characters."""
    return {file: digest_of(root / file) for file in files}


def input_digests(root: Path, names: Iterable[str]) -> dict[str, str]:
    """The digests of small files of `inputs`; a larger file has its size in place of a digest.

    Of a folder the first files count, those at its top before those further down.
    """
    known = dict[str, str]()
    for name in names:
        for path in islice(_inside(root / name), MOST_FILES):
            # One that cannot be read is none by which a model is built.
            with suppress(OSError):
                size = path.stat().st_size
                known[os.path.relpath(path, root)] = (
                    hashlib.sha256(path.read_bytes()).hexdigest()[:16]
                    if size <= SMALL
                    else f"{size} bytes"
                )
    return known


def _inside(path: Path) -> Iterator[Path]:
    """A file, or the files of a folder, in an order that no file system decides."""
    if path.is_file():
        yield path
    for folder, folders, files in os.walk(path):
        folders.sort()
        # No pipes, which would be waited for.
        yield from (file for name in sorted(files) if (file := Path(folder, name)).is_file())


def digest_of(path: Path) -> str:
    return hashlib.sha256(_bytes(path)).hexdigest()[:16]


def content(path: Path) -> str:
    """The text of a file, as far as it is text."""
    return _bytes(path).decode("utf-8", errors="replace")


def _bytes(path: Path) -> bytes:
    # By its time and size: a thousand arms read it once, and the next plan sees an edit.
    status = path.stat()
    return _read(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=256)
def _read(path: Path, time: int, size: int) -> bytes:
    return path.read_bytes()


def mentions(root: Path, files: Iterable[str], *names: str) -> bool:
    """True if a file of code has one of these texts."""
    return any(name in content(root / file) for file in files for name in names)


# ---- copies ----


def keep(root: Path, planned: Mapping[str, str], job: Path) -> None:
    """Copy the files of a plan into the folder of a job.

    Raises:
        CodeError: one has changed since it was planned.
    """
    folder = job / COPIES / provenance.digest(dict(planned))
    if folder.exists():  # another arm has the same files
        return
    # Renamed when it is whole: another job of this study may look for it already.
    draft = folder.with_name(f".{folder.name}-{os.getpid()}")
    draft.mkdir(parents=True, exist_ok=True)
    copy_files(root, planned, draft)
    draft.rename(folder)


def copy_files(root: Path, planned: Mapping[str, str], folder: Path) -> None:
    """Copy the files of a plan from the user's folder; raises CodeError as `keep` does."""
    for file, digest in planned.items():
        copy = folder / file
        copy.parent.mkdir(parents=True, exist_ok=True)
        # With the mode, as the program may be one of these files.
        try:
            shutil.copy2(root / file, copy)
        except OSError as error:
            raise CodeError(f"{root / file} cannot be copied: {error.strerror}") from error
        refuse_changed(copy, digest)


def place(planned: Mapping[str, str], jobs: Iterable[Path], folder: Path) -> None:
    """Put the copies of a plan's files into the folder in which a trial runs.

    Raises:
        CodeError: no job has them, or they were changed there.
    """
    name = provenance.digest(dict(planned))
    source = next((job / COPIES / name for job in jobs if (job / COPIES / name).is_dir()), None)
    if source is None:
        raise CodeError("no job has a copy of the program's files: study run makes one")
    for file, digest in planned.items():
        copy = folder / file
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.unlink(missing_ok=True)  # a link here would lead to another file
        shutil.copy2(source / file, copy)
        refuse_changed(copy, digest)


def link(root: Path, inputs: Iterable[str], folder: Path) -> None:
    """Link files and folders that trials read into the folder in which a trial runs."""
    for name in inputs:
        at = folder / name  # by the name that it has in cwd, which the program uses
        at.parent.mkdir(parents=True, exist_ok=True)
        if not at.is_symlink() and at.exists():
            raise CodeError(f"{name} is among inputs, and the program has files of its own there")
        if not at.is_symlink():
            at.symlink_to((root / name).resolve())


def refuse_changed(copy: Path, digest: str) -> None:
    if digest_of(copy) != digest:
        raise CodeError(f"{copy.name} has changed since it was planned: plan anew")


def absent(root: Path, inputs: Iterable[str]) -> Iterator[str]:
    """The inputs that do not exist. Raises CodeError for one outside the root."""
    for name in inputs:
        refuse_outside(name)
        if not (root / name).exists():
            yield name
