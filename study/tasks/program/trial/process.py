"""A program while it runs, as the worker sees it: started, watched, asked to stop, ended."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import Field

from study.store import polling
from study.store.fields import Number, Seconds
from study.store.frozen import Frozen
from study.tasks.program.trial import keeper
from study.trial.callbacks import Callbacks, Superseded

FIRST, LAST = 0.01, 0.5  # seconds between two looks at a program, which grow


class Usage(Frozen):
    """usage-N.json: what an attempt has used, and how its program ended."""

    seconds: Seconds = 0.0
    cpu_seconds: Seconds = 0.0
    peak_memory: Number = 0
    """Bytes."""
    status: int | None = Field(None)
    """The exit status, or minus the number of a signal; None while it runs."""


@dataclass
class Process:
    """The program of one attempt."""

    words: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    usage: Path
    """The file to which its usage is written."""
    output: Path
    watched: Sequence[Path]
    """Files whose growth is a heartbeat."""
    grown: Callable[[], None]
    """Called when one has grown."""
    notice: float
    lock: int
    stopping: float = 0.0
    """When it was asked to stop, by the steady clock; 0 if it was not."""
    _sizes: list[int] = field(default_factory=list)

    def run(self, callbacks: Callbacks) -> Usage:
        """Run it to its end, or until the callbacks ask it to stop.

        Raises:
            Superseded: another worker has taken over the trial.
        """
        with self._started() as child:
            wait, looked = FIRST, time.monotonic()
            while child.poll() is None:
                self._follow(child, callbacks)
                # A look at the lease may be one at a file server.
                if time.monotonic() - looked >= polling.WORKERS:
                    looked = time.monotonic()
                    if not callbacks.held():
                        raise Superseded("another worker has taken over")
                # Short programs end at once; long ones are looked at twice a second.
                with suppress(subprocess.TimeoutExpired):
                    child.wait(wait)
                wait = min(wait * 1.2, LAST)
        return Usage.load(self.usage) or Usage()

    def _follow(self, child: "subprocess.Popen[bytes]", callbacks: Callbacks) -> None:
        """Pass on a heartbeat, and a request to stop; end it when its notice is over."""
        sizes = [_size(path) for path in self.watched]
        if sizes != self._sizes:
            self._sizes = sizes
            callbacks.pulse()
            self.grown()
        if not self.stopping and callbacks.stop():
            self.stopping = time.monotonic()
            child.send_signal(signal.SIGTERM)
        elif self.stopping and time.monotonic() - self.stopping > self.notice:
            child.send_signal(keeper.KILL)

    @contextmanager
    def _started(self) -> "Iterator[subprocess.Popen[bytes]]":
        # Without site packages: it starts in 15 ms, and sees none of the user's modules.
        script = [sys.executable, "-I", "-S", str(Path(keeper.__file__)), str(self.usage)]
        with self.output.open("ab") as out:
            child = subprocess.Popen(
                [*script, str(os.getpid()), *self.words],
                cwd=self.folder,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,  # a question would wait for ever
                stdout=out,
                stderr=out,
                # Else a signal to the group of the worker would end the keeper before the program.
                start_new_session=True,
                pass_fds=[self.lock] if self.lock >= 0 else [],
            )
        try:
            yield child
        finally:
            # Also after an error or Ctrl-C: no program runs on without its worker.
            if child.poll() is None:
                child.send_signal(keeper.KILL)
            child.wait()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


@contextmanager
def alone(path: Path) -> Iterator[int]:
    """A lock that the keeper of an earlier attempt holds while a process of it may live; its file.

    Of this machine: another one's worker has been dead for longer than its keeper needs.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file
    finally:
        os.close(file)
