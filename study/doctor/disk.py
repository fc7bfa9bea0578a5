"""Whether the store is where it can be relied on."""

import errno
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from study import ownership
from study.cost_records import Costs
from study.doctor.findings import Case, Finding, amount, fail, miss, note, ok
from study.errors import StoreError
from study.files import NO_LINKS, once

LEAST = 1e9  # bytes on disk
STATE = 12  # bytes a parameter: the weight and AdamW's two moments, in float32
KINDS = {
    "nfs": "shared with other machines, which is fine: leases and results are made for it",
    "tmpfs": "in memory: results are gone when the machine is",
    "overlay": "of a container: results are gone when it is",
}


def store(case: Case) -> Iterator[Finding]:
    """There, or can be made; and can be written."""
    root, place = case.store.root, case.place
    if not place.is_dir():
        yield fail(f"{place} is a file: the store {root} cannot be there", "--store elsewhere")
        return
    try:
        with tempfile.TemporaryDirectory(prefix=".doctor-", dir=place):
            pass
    except OSError as error:
        yield fail(f"{place} cannot be written: {error.strerror}", "--store elsewhere, or chmod it")
        return
    if root.is_dir():
        yield ok(f"store {root}: {len(case.store.results())} trials with results")
    else:
        yield ok(f"store {root} is not there yet, and can be made")


def room(case: Case) -> Iterator[Finding]:
    """Free disk, and how many checkpoints of the largest arm that was ever planned that is."""
    free = shutil.disk_usage(case.place).free
    paths = (case.store.root / "arms").glob("*.json")
    cards = filter(None, (Costs.look(path) for path in paths))
    largest = max((card.cost.get("params") or 0 for card in cards), default=0)
    said = f"{amount(free)} free for the store"
    if largest:
        fits = int(free // (STATE * largest))
        said += f": {fits} checkpoints of the largest arm planned, {largest / 1e6:.3g} M parameters"
    if free < max(LEAST, 10 * STATE * largest):
        yield note(said, "study clean, or --store elsewhere")
    else:
        yield ok(said)


def file_system(case: Case) -> Iterator[Finding]:
    """What the store is on, by /proc/mounts."""
    try:
        mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return
    real = case.place.resolve()
    under = [m for m in mounts if real.is_relative_to(m[1].encode().decode("unicode_escape"))]
    device, point, kind = max(under, key=lambda mount: len(mount[1]))[:3]
    told = next((what for name, what in KINDS.items() if kind.startswith(name)), None)
    said = f"file system {kind} ({device} at {point})"
    yield note(f"{said}, {told}") if told else ok(said)


def writes(case: Case) -> Iterator[Finding]:
    """What leases and results rest on: exclusive creation, links, and renames."""
    with tempfile.TemporaryDirectory(prefix=".doctor-", dir=case.place) as folder:
        first, second = Path(folder, "first"), Path(folder, "second")
        first.open("x").close()
        if _made_twice(first):
            yield fail(f"two can make one file in {case.place}: no lease holds there", AWAY)
            return
        if not once(second, b"1") or once(second, b"2"):
            yield fail(f"two can write one result in {case.place}", AWAY)
            return
        try:
            os.link(first, Path(folder, "third"))
            how = "hard links"
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            how = "no hard links, so results are made by exclusive creation"
        os.replace(first, second)
    yield ok(f"exclusive creation, renames, {how}")


AWAY = "--store on another file system"


def _made_twice(path: Path) -> bool:
    try:
        path.open("x").close()
    except FileExistsError:
        return False
    return True


def locks(case: Case) -> Iterator[Finding]:
    """flock, where this machine's slots are kept."""
    with tempfile.NamedTemporaryFile() as file, open(file.name) as other:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            yield ok(f"locks hold in {tempfile.gettempdir()}")
            return
    said = f"locks do not hold in {tempfile.gettempdir()}: two workers may share a GPU"
    yield fail(said, "export TMPDIR=<a folder on a local disk>")


def clock(case: Case) -> Iterator[Finding]:
    """The file server's, against this machine's."""
    with tempfile.NamedTemporaryFile(prefix=".doctor-", dir=case.place) as file:
        before = time.time()
        file.write(b"tick")
        file.flush()
        os.fsync(file.fileno())
        stamp, after = os.stat(file.name).st_mtime, time.time()
    ahead = max(0.0, stamp - after) or min(0.0, stamp - before)
    if abs(ahead) < 1:
        yield ok("the store's time stamps agree with this machine's clock")
    else:
        word = "ahead of" if ahead > 0 else "behind"
        said = f"the store's time stamps are {abs(ahead):.0f} s {word} this machine's clock"
        yield note(f"{said}: harmless, as hearts are heard by each process's own steady clock")


def jobs(case: Case) -> Iterator[Finding]:
    """Whether workers would run what is in the job folders: only the user's own."""
    folder = case.store.root / "jobs"
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    wrong = []
    for path in found:
        try:
            ownership.job(path.resolve())
        except StoreError as error:
            wrong.append(str(error))
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        yield miss(f"{wrong[0]}{more}", "chmod go-w what is yours; others see to theirs")
    else:
        yield ok(f"{len(found)} job folders, all the user's own" if found else "no job folders yet")
