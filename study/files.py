"""Files that are whole or absent."""

import os
import uuid
from contextlib import suppress
from pathlib import Path

from study.errors import StoreError


def replace(path: Path, content: bytes) -> None:
    """Put `content` at `path` by a rename, so that no reader sees half of it."""
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
