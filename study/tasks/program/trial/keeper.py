"""The process between a worker and a program: it starts the program, measures it, and ends it.

It is a script that imports the standard library alone, so that it starts in milliseconds and the
kernel kills it last. Every descendant of the program that loses its parent becomes its child, so
that none outlives the trial; and as the kernel tells it when the worker dies, none outlives that.

    keeper.py USAGE WORKER PROGRAM [WORD]...

SIGTERM is passed on to the program; SIGUSR1 ends it and all its descendants. USAGE is a file of
JSON: seconds, cpu_seconds, peak_memory in bytes, and at the end the status of the program.
"""

import contextlib
import ctypes
import json
import os
import resource
import signal
import sys
import time

FIRST_SAMPLE, LAST_SAMPLE = 0.05, 1.0  # seconds between two samples of memory, which grow
SAVED = 5.0  # seconds after which the usage is written again
SHARE = 50  # a sample may take one part in so many of the time between two
ROUNDS = 200  # in which descendants are killed, as they may start others meanwhile
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # of prctl(2)
WATCHED = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGUSR1}
KILL = signal.SIGUSR1
LINUX = os.path.isdir("/proc/self")


def prctl(option: int, value: int) -> None:
    """Set an option of this process; only Linux has them."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value)


class Running:
    """A program that runs, and what it has used so far."""

    def __init__(self, usage: str, words: list[str]) -> None:
        self.usage, self.began, self.saved, self.peak = usage, time.monotonic(), 0.0, 0
        self.status: int | None = None
        self.pid = started(words)

    def reap(self) -> None:
        """Collect every child that has ended, also orphans of the program."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                if pid == self.pid:
                    self.status = os.waitstatus_to_exitcode(status)

    def sample(self) -> None:
        """Add up the memory of all processes, each page that several share counted once."""
        self.peak = max(self.peak, sum(map(memory, descendants())))
        if time.monotonic() - self.saved > SAVED:
            self.save()

    def save(self, **more: object) -> None:
        """Write the usage; the file is whole at any time."""
        self.saved = time.monotonic()
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        largest = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        record = {
            "seconds": time.monotonic() - self.began,
            "cpu_seconds": used.ru_utime + used.ru_stime,
            # Samples miss a short peak; the kernel has that of the largest process.
            "peak_memory": max(self.peak, largest),
            **more,
        }
        # Renamed when whole, as the worker may read it at any time.
        draft = f"{self.usage}.{os.getpid()}"
        with open(draft, "w", encoding="utf-8") as file:
            json.dump(record, file)
        os.replace(draft, self.usage)

    def kill(self) -> None:
        """End the program and all its descendants, and wait until they are gone."""
        for _ in range(ROUNDS):
            # Once the program was waited for, its number may be that of another group.
            if self.status is None or not LINUX:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.pid, signal.SIGKILL)
            living = descendants()
            for pid in living:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            self.reap()
            if not living and self.status is not None:
                return
            time.sleep(0.005)


def started(words: list[str]) -> int:
    """Start the program in a session of its own, which ends with this process."""
    parent, pid = os.getpid(), os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, WATCHED)
        os.closerange(3, 256)  # the lock of the trial is this process's alone
        os.execvp(words[0], words)
    except OSError as error:
        os.write(2, f"{words[0]} cannot be started: {error.strerror}\n".encode())
    finally:
        os._exit(126)


def descendants() -> list[int]:
    """The processes below this one, without those that have ended."""
    children: dict[int, list[int]] = {}
    for name in filter(str.isdigit, os.listdir("/proc") if LINUX else ()):
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                state, parent = file.read().rpartition(b")")[2].split()[:2]
        except OSError:
            continue
        if state != b"Z":
            children.setdefault(int(parent), []).append(int(name))
    queue, every = [os.getpid()], list[int]()
    while queue:
        below = children.get(queue.pop(), [])
        queue += below
        every += below
    return every


def next_signal(seconds: float) -> int:
    """The number of the next signal, or 0 after so many seconds without one."""
    if hasattr(signal, "sigtimedwait"):
        event = signal.sigtimedwait(WATCHED, seconds)
        return event.si_signo if event else 0
    time.sleep(min(seconds, 0.1))  # macOS has no such call
    pending = signal.sigpending() & WATCHED
    return int(signal.sigwait(pending)) if pending else 0


def memory(pid: int) -> int:
    """Bytes of memory of a process, with its share of pages that others have too."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
            return sum(int(line.split()[1]) for line in file if line.startswith(b"Pss:")) << 10
    except (OSError, ValueError):
        return 0


def main(usage: str, worker: str, *words: str) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    prctl(PR_SET_PDEATHSIG, KILL)
    if os.getppid() != int(worker):  # it died before the kernel was asked
        return
    program, wait = Running(usage, list(words)), FIRST_SAMPLE
    while program.status is None:
        number = next_signal(wait)
        if number == KILL:
            program.sample()
            program.kill()
        elif number in (signal.SIGTERM, signal.SIGINT):
            # To the program alone: its workers would end before it has saved.
            with contextlib.suppress(ProcessLookupError):
                os.kill(program.pid, signal.SIGTERM)
        began = time.monotonic()
        program.reap()
        if number == 0:
            program.sample()
            cost = time.monotonic() - began
            wait = max(min(wait * 1.2, LAST_SAMPLE), cost * SHARE)
    status = program.status
    program.kill()
    program.save(status=status)


if __name__ == "__main__":
    main(*sys.argv[1:])
