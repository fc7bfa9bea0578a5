"""Files that are whole or absent: written beside their place and moved there in one step."""

import errno
import json
import math
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from study.errors import StoreError

Record = dict[str, Any]
NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS)
"""What file systems without links say; exclusive creation is the next best there."""


def write(path: Path, record: Mapping[str, Any]) -> None:
    """Whole or not at all; a number that is not finite is written as null."""
    replace(path, encoded(record))


def replace(path: Path, content: bytes) -> None:
    """Put `content` at `path` by a rename, so that no reader sees half of it.

    Raises:
        StoreError: it cannot be written; what was there before is there still.
    """
    with _beside(path, content) as partial:
        os.replace(partial, path)


def once(path: Path, content: bytes) -> bool:
    """Put `content` at `path` unless something is there; whether it was put there.

    By a link, which the file server makes or refuses in one step, on NFS too: of many writers, on
    whatever nodes, exactly one is first.
    """
    with _beside(path, content) as partial:
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


def read(path: Path) -> Record | None:
    """A record, or None where there is none that can be read."""
    try:
        return record(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        return None


def record(text: str) -> Record | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def encoded(record: Mapping[str, Any]) -> bytes:
    text = json.dumps(_finite(record), indent=1, sort_keys=True, allow_nan=False)
    return (text + "\n").encode()


def set_aside(path: Path, why: str) -> Path:
    """Rename a file so that it counts no more and is not lost."""
    aside = path.with_name(f"{path.name}.{why}-{uuid.uuid4().hex[:6]}")
    with suppress(FileNotFoundError):  # another process was quicker
        os.replace(path, aside)
    return aside


@contextmanager
def _beside(path: Path, content: bytes) -> Iterator[Path]:
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


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
