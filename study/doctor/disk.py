"""Checks of the store: free space, file system, locks, clock, and who can write to job folders."""

import errno
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from study.doctor.findings import Finding, Scope, fail, miss, note, ok
from study.errors import StoreError
from study.format import gigabytes
from study.store import ownership
from study.store.atomic import NO_LINKS, create
from study.store.cost_records import ArmCost
from study.store.file_systems import mount

LEAST_FREE = 1e9  # bytes on disk
STATE = 12  # bytes per parameter: the weight and AdamW's two moments, in float32
ELSEWHERE = "--store on another file system"
FILE_SYSTEMS = {
    "nfs": "shared with other machines; leases and results are made for that",
    "tmpfs": "in memory: results are lost when the machine stops",
    "overlay": "of a container: results are lost when it is removed",
}


def store(scope: Scope) -> Iterator[Finding]:
    """The store exists or can be created, and is writable."""
    root, existing = scope.store.root, scope.existing
    if not existing.is_dir():
        yield fail(f"{existing} is a file, so the store cannot be {root}", "--store elsewhere")
        return
    try:
        with tempfile.TemporaryDirectory(prefix=".doctor-", dir=existing):
            pass
    except OSError as error:
        step = "--store elsewhere, or chmod it"
        yield fail(f"{existing} cannot be written: {error.strerror}", step)
        return
    if root.is_dir():
        yield ok(f"store {root}: {len(scope.store.results())} trials with results")
    else:
        yield ok(f"store {root} does not exist yet and can be created")


def room(scope: Scope) -> Iterator[Finding]:
    """Free disk space, also in checkpoints of the largest arm that was ever planned."""
    # On the nearest existing folder: the store may not be there yet.
    free = shutil.disk_usage(scope.existing).free
    paths = (scope.store.root / "arms").glob("*.json")
    records = filter(None, (ArmCost.look(path) for path in paths))
    largest = max((record.cost.get("params") or 0 for record in records), default=0)
    message = f"{gigabytes(free)} free for the store"
    if largest:
        fits, millions = int(free // (STATE * largest)), largest / 1e6
        message += f": {fits} checkpoints of the largest arm planned, {millions:.3g} M parameters"
    if free < max(LEAST_FREE, 10 * STATE * largest):
        yield note(message, "study clean, or --store elsewhere")
    else:
        yield ok(message)


def file_system(scope: Scope) -> Iterator[Finding]:
    """The file system that the store is on, from /proc/mounts."""
    on = mount(scope.existing)
    if on is None:
        return
    remark = next((text for name, text in FILE_SYSTEMS.items() if on.kind.startswith(name)), None)
    message = f"file system {on.kind} ({on.device} at {on.point})"
    yield note(f"{message}, {remark}") if remark else ok(message)


def writes(scope: Scope) -> Iterator[Finding]:
    """Exclusive creation, links and renames, which leases and results rest on."""
    with tempfile.TemporaryDirectory(prefix=".doctor-", dir=scope.existing) as folder:
        first, second = Path(folder, "first"), Path(folder, "second")
        # O_CREAT with O_EXCL, on which leases rest; old NFS servers do not keep it.
        first.open("x").close()
        if _creates_again(first):
            message = f"two processes can create one file in {scope.existing}: leases do not hold"
            yield fail(message, ELSEWHERE)
            return
        if not create(second, b"1") or create(second, b"2"):
            yield fail(f"two processes can write one result in {scope.existing}", ELSEWHERE)
            return
        try:
            os.link(first, Path(folder, "third"))
            links = "hard links"
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            links = "no hard links, so results are made by exclusive creation"
        os.replace(first, second)
    yield ok(f"exclusive creation, renames, {links}")


def _creates_again(path: Path) -> bool:
    try:
        path.open("x").close()
    except FileExistsError:
        return False
    return True


def locks(scope: Scope) -> Iterator[Finding]:
    """flock in the temporary folder, which holds the locks of this machine's slots."""
    # flock belongs to an open file, so a second open of one process shows whether it holds.
    with tempfile.NamedTemporaryFile() as file, open(file.name) as other:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            # POSIX allows both for a lock that another process holds.
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            yield ok(f"file locks work in {tempfile.gettempdir()}")
            return
    message = f"locks do not hold in {tempfile.gettempdir()}: two workers may share a GPU"
    yield fail(message, "export TMPDIR=<a folder on a local disk>")


def clock(scope: Scope) -> Iterator[Finding]:
    """The file server's clock, compared with this machine's."""
    with tempfile.NamedTemporaryFile(prefix=".doctor-", dir=scope.existing) as file:
        before = time.time()
        file.write(b"tick")
        file.flush()
        os.fsync(file.fileno())  # the server stamps the file when it has the bytes
        stamp, after = os.stat(file.name).st_mtime, time.time()
    # Inside the two readings of the clock the stamp agrees, as far as can be told.
    ahead = max(0.0, stamp - after) or min(0.0, stamp - before)
    if abs(ahead) < 1:
        yield ok("the store's time stamps agree with this machine's clock")
    else:
        word = "ahead of" if ahead > 0 else "behind"
        message = f"the store's time stamps are {abs(ahead):.0f} s {word} this machine's clock"
        yield note(f"{message}: harmless, as heartbeats are timed by each process's own clock")


def jobs(scope: Scope) -> Iterator[Finding]:
    """Job folders that others can write to, which workers refuse to run."""
    folder = scope.store.root / "jobs"
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    wrong = []
    for path in paths:
        try:
            ownership.job(path.resolve())
        except StoreError as error:
            wrong.append(str(error))
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        yield miss(f"{wrong[0]}{more}", "chmod go-w your own folders; their owners fix the others")
    else:
        yield ok(f"{len(paths)} job folders, all of this user" if paths else "no job folders yet")
