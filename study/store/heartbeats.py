"""Heartbeats of workers, and when they have stopped.

A worker is dead when its time stamp stops changing, as seen over time by the steady clock of the
process that watches it. Clocks of different machines are never compared, since they may differ by
more than the limit.
"""

import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

HEARTBEAT_SECONDS = 5.0  # seconds between heartbeats
DEAD_SECONDS = 60.0  # seconds of silence; a process of this machine is looked up at once
# A process that has just begun to watch would wait a whole minute for each dead worker, so that a
# short silence is enough if by the file server's clock the last heartbeat is old as well.
QUIET_SECONDS = 3 * HEARTBEAT_SECONDS


class Heartbeats:
    """The heartbeats that one process has seen, and when each changed last by its own clock."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.last_changes: dict[Path, tuple[int, float]] = {}
        self.server_offset: tuple[float, float] = (0.0, -HEARTBEAT_SECONDS)  # due at its first use

    def stopped(self, path: Path, beat: int) -> bool:
        """True if the heartbeat has not changed for too long; `beat` is its time stamp in ns."""
        last, since = self.last_changes.get(path, (None, 0.0))
        if last != beat:
            since = self.clock()  # a new heartbeat
            self.last_changes[path] = (beat, since)
        silent = self.clock() - since
        return silent >= DEAD_SECONDS or (
            silent >= QUIET_SECONDS and self.age(path, beat) >= DEAD_SECONDS
        )

    def age(self, path: Path, beat: int) -> float:
        """Seconds since a heartbeat by the file server's clock, which stamps all of them."""
        ahead, measured = self.server_offset
        # A look at the server's clock writes a file, so it is not taken for every lease.
        if self.clock() - measured >= HEARTBEAT_SECONDS:
            ahead = _now(path.parent) - self.clock()
            self.server_offset = ahead, self.clock()
        return self.clock() + ahead - beat / 1e9


def _now(folder: Path) -> float:
    """The file server's time, by the clock that stamps the leases."""
    probe = folder / f".clock-{socket.gethostname()}-{os.getpid()}-{threading.get_ident()}"
    try:
        probe.touch()
        now = probe.stat().st_mtime
        probe.unlink(missing_ok=True)
    except OSError:  # a read-only folder; this machine's clock is the best that is left
        return time.time()
    return now
