"""Atomic files with digests: a file is complete or absent, and damage to it is detected.

A file is written under a temporary name in its own folder and renamed in one step. The digest of a
record is inside the record, so that both appear in that step; a digest in a second file could
belong to an older version. A record that was written without a digest is read as it is.
"""

import errno
import hashlib
import json
import logging
import os
import re
import stat
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from study.errors import DamagedError, StoreError
from study.store.json_values import MAX_DEPTH, finite, refuse_constant, too_deep

Record = dict[str, Any]
Content = TypeVar("Content")

NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS)
"""Errors of file systems without hard links, where exclusive creation replaces the link."""
BROKEN = (errno.EIO, errno.EISDIR, errno.ELOOP, errno.ENODEV, errno.ENOTDIR, errno.ENXIO)
"""Errors that mean a bad disk, or something else in the place of a regular file."""

# Without O_NONBLOCK, opening a pipe would wait for a process that writes to it.
READING = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC

DIGEST = "sha256"
"""The last key of a record: the digest of all bytes before it."""
MARK = "digest_at_end"
"""The first key of a record with a digest, so that a record that was cut short, and lost its
digest, differs from an old record that never had one."""
SIGNATURE = re.compile(rb'"sha256": "([0-9a-f]{64})"\s*\}\s*\Z')
HEAD = f'{{"{MARK}": true,\n "'.encode()  # as `encoded` writes it
MAX_BYTES = 1 << 28  # of a record: 256 MiB

log = logging.getLogger("study")


# ---- writing ----


def write(path: Path, record: Mapping[str, object]) -> None:
    """Write a record atomically; a number that is not finite is written as null."""
    replace(path, encoded(record))


def replace(path: Path, content: bytes) -> None:
    """Write `content` to `path` by a rename, so that no reader sees a part of it.

    Raises:
        StoreError: it cannot be written; the file that was there before is unchanged.
    """
    with temporary_file(path, content) as partial:
        try:
            os.replace(partial, path)
        except IsADirectoryError:
            set_aside_with_warning(path, "it is a folder")
            os.replace(partial, path)


def create(path: Path, content: bytes) -> bool:
    """Write `content` to `path` unless something is there; return True if it was written.

    A hard link does it, which the file server makes or refuses in one step, on NFS too: of several
    writers on several nodes, exactly one succeeds.
    """
    with temporary_file(path, content) as partial:
        try:
            os.link(partial, path)
        except FileExistsError:
            # NFS repeats a request whose answer was lost, and then sees the link of the first
            # request. A second name of the file shows that the link is this process's own.
            return partial.stat().st_nlink == 2  # the link, and the temporary name
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            return _created(path, content)
    return True


def encoded(record: Mapping[str, object]) -> bytes:
    """A record as the store has it: indented JSON that ends with its digest."""
    plain = {key: value for key, value in finite(record).items() if key not in (MARK, DIGEST)}
    text = json.dumps(plain, indent=1, sort_keys=True, allow_nan=False)
    head = f'{{"{MARK}": true,{text[1:-1].rstrip()}{"," if plain else ""}\n '
    return f'{head}"{DIGEST}": "{_sha256(head)}"\n}}\n'.encode()


def encoded_lines(rows: Iterable[Mapping[str, object]]) -> bytes:
    """Records as the lines of one file; the last line is the digest of the others."""
    text = "".join(json.dumps(finite(row), allow_nan=False) + "\n" for row in rows)
    head = f'{{"{MARK}": true}}\n{text}{{'
    return f'{head}"{DIGEST}": "{_sha256(head)}"}}\n'.encode()


# ---- reading ----


def read(path: Path) -> Record | None:
    """The record in a file; None if the file is absent or damaged."""
    try:
        return record(content(path))
    except (OSError, DamagedError):
        return None


def read_checked(path: Path, check: Callable[[bytes], Content]) -> Content | None:
    """The value that `check` makes of a file's content; None if the file is absent or damaged.

    A damaged file is renamed, with a warning, so that it is not read again.
    """
    why = ""
    # Twice, as another process may have replaced the file while it was read.
    for _ in range(2):
        try:
            return check(content(path))
        except FileNotFoundError:
            return None
        except DamagedError as error:
            why = str(error)
        except OSError as error:
            warn_once(f"{path} cannot be read ({error.strerror}): it is ignored")
            return None
    set_aside_with_warning(path, why)
    return None


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading, without waiting if something else has its name.

    Raises:
        DamagedError: it is a folder, a pipe, a device, a socket, or a circle of links.
        OSError: it is absent, or this user may not read it.
    """
    try:
        number = os.open(path, READING)
    except OSError as error:
        raise _damage(error) from error
    kind = os.fstat(number).st_mode
    if not stat.S_ISREG(kind):
        os.close(number)
        what = {stat.S_IFDIR: "folder", stat.S_IFIFO: "pipe"}.get(stat.S_IFMT(kind), "device")
        raise DamagedError(f"it is a {what}, not a file")
    return os.fdopen(number, "rb")


def content(path: Path) -> bytes:
    """The bytes of a file. Raises as `open_regular`, and DamagedError for an unreadable disk."""
    with open_regular(path) as file:
        try:
            return file.read()
        except OSError as error:
            raise _damage(error) from error


def record(content: bytes) -> Record:
    """The record in a file's content; raises DamagedError if it differs from what was written."""
    if len(content) > MAX_BYTES:
        raise DamagedError(f"it has {len(content):,} bytes")
    try:
        value = json.loads(content.decode(), parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"it cannot be read as JSON ({error})") from error
    if not isinstance(value, dict):
        raise DamagedError("it is not a record")
    marked, digest = value.pop(MARK, None), value.pop(DIGEST, None)
    if not agrees(content):
        _refuse(value)
        # A record that a person has formatted anew has the same values in other bytes.
        has_digest = marked or digest is not None
        if has_digest and json.loads(encoded(value))[DIGEST] != digest:
            raise DamagedError("its content does not agree with its digest")
    return value


def _refuse(value: Record) -> None:
    """Raise DamagedError for values that the store never writes."""
    if too_deep(value):
        raise DamagedError(f"it is more than {MAX_DEPTH} levels deep")
    try:
        json.dumps(value, allow_nan=False)
    except ValueError as error:
        raise DamagedError(f"it has a number that is too large ({error})") from error


def decoded_lines(content: bytes) -> list[Record]:
    """The records of a file with one record per line.

    From a file without a digest, lines that cannot be read are left out.

    Raises:
        DamagedError: its content does not agree with its digest.
    """
    if agrees(content):
        return [json.loads(line) for line in content.splitlines()[1:-1]]
    if any(f'"{key}"'.encode() in content for key in (MARK, DIGEST)):
        raise DamagedError("its content does not agree with its digest")
    records = list[Record]()
    for line in content.splitlines():
        with suppress(DamagedError):
            records.append(record(line))
    return records


def members(content: bytes) -> dict[str, str] | None:
    """The values of a record as texts, by key; None for content that the store did not write so."""
    # The store writes ASCII; its digest could be of anything that somebody else has made.
    if not content.startswith(HEAD) or not content.isascii() or not agrees(content):
        return None
    # Nested lines alone have further spaces, so that nothing need be parsed.
    pairs = [piece.partition('": ') for piece in content.decode().split('\n "')[1:-1]]
    return {key: text.removesuffix(",") for key, _, text in pairs}


def agrees(content: bytes) -> bool:
    """True if content ends with the digest of all bytes before it."""
    written = SIGNATURE.search(content)
    if written is None:
        return False
    return hashlib.sha256(content[: written.start()]).hexdigest().encode() == written[1]


# ---- damaged files ----


def set_aside(path: Path, why: str) -> Path:
    """Rename a file so that it is no longer read, and not lost; return its new path."""
    aside = path.with_name(f"{path.name}.{why}-{uuid.uuid4().hex[:6]}")
    with suppress(FileNotFoundError):  # another process has renamed it
        os.replace(path, aside)
    return aside


def set_aside_with_warning(path: Path, why: str, word: str = "damaged") -> None:
    """Rename a file with a warning; if it cannot be renamed, warn and leave it."""
    try:
        outcome = f"renamed to {set_aside(path, word).name}"
    except OSError as error:
        outcome = f"ignored, as it cannot be renamed: {error.strerror}"
    warn_once(f"{path}: {why}; {outcome}")


@cache
def warn_once(text: str) -> None:
    """Log a warning, once per process for each text."""
    # A damaged file may hold half a character, which no log file could be written with.
    log.warning("%s", text.encode(errors="backslashreplace").decode())


# ---- temporary files ----


@contextmanager
def temporary_file(path: Path, content: bytes) -> Iterator[Path]:
    """Write a temporary file in the folder of `path`, flushed to disk, and remove it afterwards.

    In the same folder, as a rename is atomic only within one file system.
    """
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("xb") as file:
            file.write(content)
            file.flush()  # to the system, which fsync writes to the disk
            os.fsync(file.fileno())  # else a crash could leave the new name without content
        yield partial
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _created(path: Path, content: bytes) -> bool:
    """Create a file exclusively. A reader may see it before its content is complete."""
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        return False
    return True


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _damage(error: OSError) -> Exception:
    """The error, as a DamagedError if the file causes it and not the rights of its reader."""
    return DamagedError(f"{error.strerror}") if error.errno in BROKEN else error
