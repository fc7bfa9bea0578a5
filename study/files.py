"""Files that are whole or absent, and that show when they are not what was written.

A file is written beside its place and moved there in one step. The digest of a record is inside it,
so that both appear in that step. A record that was written without one is read as it is.
"""

import errno
import hashlib
import json
import logging
import math
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

Record = dict[str, Any]
Content = TypeVar("Content")

NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS)
"""What file systems without links say; exclusive creation is the next best there."""
BROKEN = (errno.EIO, errno.EISDIR, errno.ELOOP, errno.ENODEV, errno.ENOTDIR, errno.ENXIO)
"""What opening or reading says of a bad disk, and of what is no regular file."""
READING = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC

DIGEST = "sha256"
"""The last key of a record: the digest of all bytes before it."""
MARK = "digest_at_end"
"""Its first key: a record that has lost its digest is not taken for one that never had one."""
SIGNATURE = re.compile(rb'"sha256": "([0-9a-f]{64})"\s*\}\s*\Z')
DEEPEST = 64  # levels of a record; Python's own functions break at about 1,000
LONGEST = 1 << 28  # bytes of a record

log = logging.getLogger("study")


# ---- writing ----


def write(path: Path, record: Mapping[str, Any]) -> None:
    """Whole or not at all; a number that is not finite is written as null."""
    replace(path, encoded(record))


def replace(path: Path, content: bytes) -> None:
    """Put `content` at `path` by a rename, so that no reader sees half of it.

    Raises:
        StoreError: it cannot be written; what was there before is there still.
    """
    with beside(path, content) as partial:
        try:
            os.replace(partial, path)
        except IsADirectoryError:
            put_away(path, "it is a folder")
            os.replace(partial, path)


def once(path: Path, content: bytes) -> bool:
    """Put `content` at `path` unless something is there; whether it was put there.

    By a link, which the file server makes or refuses in one step, on NFS too: of many writers, on
    whatever nodes, exactly one is first.
    """
    with beside(path, content) as partial:
        try:
            os.link(partial, path)
        except FileExistsError:
            # The answer to a link can get lost on its way back and be asked for again.
            return partial.stat().st_nlink == 2
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            return _created(path, content)
    return True


def encoded(record: Mapping[str, Any]) -> bytes:
    """A record as it is stored, with its digest."""
    plain = {key: value for key, value in _finite(record).items() if key not in (MARK, DIGEST)}
    text = json.dumps(plain, indent=1, sort_keys=True, allow_nan=False)
    head = f'{{"{MARK}": true,{text[1:-1].rstrip()}{"," if plain else ""}\n '
    return f'{head}"{DIGEST}": "{_sha256(head)}"\n}}\n'.encode()


def lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Records as the lines of one file; the last line is the digest of the others."""
    text = "".join(json.dumps(_finite(row), allow_nan=False) + "\n" for row in rows)
    head = f'{{"{MARK}": true}}\n{text}{{'
    return f'{head}"{DIGEST}": "{_sha256(head)}"}}\n'.encode()


# ---- reading ----


def read(path: Path) -> Record | None:
    """A record, or None where there is none that can be read."""
    try:
        return record(content(path))
    except (OSError, DamagedError):
        return None


def sound(path: Path, check: Callable[[bytes], Content]) -> Content | None:
    """What `check` makes of a file, or None where there is none that can be read.

    A damaged file is set aside by name. It is read twice before: another may have been put in its
    place while the first was read.
    """
    why = ""
    for _ in range(2):
        try:
            return check(content(path))
        except FileNotFoundError:
            return None
        except DamagedError as error:
            why = str(error)
        except OSError as error:
            tell(f"{path} cannot be read ({error.strerror}): it is passed over")
            return None
    put_away(path, why)
    return None


def opened(path: Path) -> BinaryIO:
    """A regular file, open for reading: nothing else is opened, or waited for.

    Raises:
        DamagedError: it is a folder, a pipe, a device, a socket, or a circle of links.
        OSError: it is not there, or must not be read.
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
    """Raises as `opened`, and DamagedError where the disk cannot read it."""
    with opened(path) as file:
        try:
            return file.read()
        except OSError as error:
            raise _damage(error) from error


def record(content: bytes) -> Record:
    """Raises DamagedError where this is no record, or not the one that was written."""
    if len(content) > LONGEST:
        raise DamagedError(f"it has {len(content):,} bytes")
    try:
        value = json.loads(content.decode(), parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"it cannot be read as JSON ({error})") from error
    if not isinstance(value, dict):
        raise DamagedError("it is no record")
    marked, digest = value.pop(MARK, None), value.pop(DIGEST, None)
    if not _agrees(content):
        _refuse(value)
        others = marked or digest is not None  # with other spaces, perhaps
        if others and json.loads(encoded(value))[DIGEST] != digest:
            raise DamagedError("its content does not agree with its digest")
    return value


def _refuse(value: Record) -> None:
    """Raises DamagedError for what is never written here."""
    if _deep(value):
        raise DamagedError(f"it is more than {DEEPEST} levels deep")
    try:
        json.dumps(value, allow_nan=False)
    except ValueError as error:
        raise DamagedError(f"it has a number that is too large ({error})") from error


def rows(content: bytes) -> list[Record]:
    """The records of a file of lines; of one without a digest, those that can be read.

    Raises:
        DamagedError: its content does not agree with its digest.
    """
    if _agrees(content):
        return [json.loads(line) for line in content.splitlines()[1:-1]]
    if any(f'"{key}"'.encode() in content for key in (MARK, DIGEST)):
        raise DamagedError("its content does not agree with its digest")
    found = list[Record]()
    for line in content.splitlines():
        with suppress(DamagedError):
            found.append(record(line))
    return found


def _agrees(content: bytes) -> bool:
    """Whether content ends with the digest of all that is before it."""
    written = SIGNATURE.search(content)
    if written is None:
        return False
    return hashlib.sha256(content[: written.start()]).hexdigest().encode() == written[1]


# ---- what is damaged ----


def set_aside(path: Path, why: str) -> Path:
    """Rename a file so that it counts no more and is not lost."""
    aside = path.with_name(f"{path.name}.{why}-{uuid.uuid4().hex[:6]}")
    with suppress(FileNotFoundError):  # another process was quicker
        os.replace(path, aside)
    return aside


def put_away(path: Path, why: str, word: str = "damaged") -> None:
    """Set a file aside and tell; where it cannot be renamed it is told, and left."""
    try:
        what = f"it is set aside as {set_aside(path, word).name}"
    except OSError as error:
        what = f"it is passed over, and cannot be set aside: {error.strerror}"
    tell(f"{path}: {why}; {what}")


@cache
def tell(text: str) -> None:
    """A warning in the log of this process, the first time."""
    log.warning("%s", text)


# ---- how ----


@contextmanager
def beside(path: Path, content: bytes) -> Iterator[Path]:
    """A file of this content beside `path`, on disk, and gone afterwards."""
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield partial
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _created(path: Path, content: bytes) -> bool:
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        return False
    return True


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _deep(value: Record) -> bool:
    """Whether a record has more levels than any that is written here."""
    level: list[Any] = [value]
    for _ in range(DEEPEST):
        inner = (v.values() if isinstance(v, dict) else v for v in level)
        level = [v for values in inner for v in values if isinstance(v, dict | list)]
        if not level:
            return False
    return True


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")


def _damage(error: OSError) -> Exception:
    """The same, as damage where it is that of the file and not of who reads it."""
    return DamagedError(f"{error.strerror}") if error.errno in BROKEN else error
