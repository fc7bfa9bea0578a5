"""What happens to the disk under a store: it fills up, it becomes read-only."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.drills.conftest import Ground, advanced, until

pytestmark = [pytest.mark.slow, pytest.mark.drill, pytest.mark.timeout(1800)]


@pytest.fixture
def disk(ground: Ground) -> Iterator[Callable[..., None]]:
    """A small file system under the store, to be mounted again with other options."""
    place = ground.store.root
    place.mkdir(exist_ok=True)

    def mount(*options: str) -> None:
        words = ["mount", "-t", "tmpfs", "-o", ",".join(options), "study-drill", str(place)]
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"needs to mount a file system: {done.stderr.strip()}")

    mount("size=2m")
    ground.furnish()
    yield mount
    ground.clear()
    subprocess.run(["umount", "-l", str(place)], check=True)


def writers(place: Path) -> list[str]:
    """Processes that have a file there open."""
    pids = []
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            pids += [link.parts[2]] * link.readlink().is_relative_to(place)
    return pids


@pytest.mark.parametrize("megabytes", [3, 8, 14])
def test_a_disk_that_is_full(ground, disk, unharmed, megabytes):
    """So small that the plan, a checkpoint, or a later one does not fit; then there is room."""
    disk("remount", f"size={megabytes}m")
    output = ground.finish(status=2)
    assert "No space left on device" in output
    assert "Traceback" not in output
    disk("remount", "size=1g")
    ground.finish()
    unharmed(ground, name=f"a_disk_that_is_full at {megabytes} MB")


def test_a_store_that_becomes_read_only(ground, disk, unharmed):
    disk("remount", "size=1g")
    ground.start()
    advanced(ground)
    ground.clear()
    until(lambda: not writers(ground.store.root), "writers to be gone")  # or Linux refuses
    disk("remount", "ro")
    status = ground.study("status", "x.yaml")
    assert status.returncode == 0, status.stderr
    assert "paused" in status.stdout
    assert "Read-only file system" in ground.finish(status=2)
    disk("remount", "rw")
    ground.finish()
    unharmed(ground)
