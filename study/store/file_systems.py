"""File systems: which one a path lies on, and a folder for caches that only this machine has."""

import os
import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

from study.errors import StoreError
from study.store import ownership

SHARED = (
    *("nfs", "cifs", "smb", "lustre", "gpfs", "beegfs", "ceph"),
    *("fuse", "9p", "virtiofs", "afs", "panfs", "orangefs", "glusterfs"),
)
"""The first letters of file systems that other machines may share."""


Stamp = tuple[int, int, int]


def stamp(path: Path) -> Stamp | None:
    """Facts that change with a file; None where there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


class Mount(NamedTuple):
    device: str
    point: str
    kind: str


def mount(path: Path) -> Mount | None:
    """The file system that a path lies on; None where the system does not say."""
    try:
        mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return None
    real = path.resolve()
    # /proc/mounts writes blanks of a path as \040.
    under = [m for m in mounts if real.is_relative_to(m[1].encode().decode("unicode_escape"))]
    # The longest mount point that contains the path is the one it lies on.
    return Mount(*max(under, key=lambda mount: len(mount[1]))[:3]) if under else None


def local_cache() -> Path | None:
    """A folder of the user's own for caches, on a disk of this machine; None without one."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    # On a cluster the home folder is often shared, and the folder for temporary files never is.
    return _local(Path(home, "study-harness")) or _local(
        Path(tempfile.gettempdir(), f"study-harness-{os.geteuid()}")
    )


@cache
def _local(folder: Path) -> Path | None:
    """The folder, made if need be, if it is local and no other user can write to it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        ownership.private(folder)
    except (OSError, StoreError):
        return None
    on = mount(folder)
    return None if on is not None and on.kind.startswith(SHARED) else folder
