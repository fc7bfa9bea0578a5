"""The process that a setting is timed in."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from study.errors import StudyError
from study.launch.supervisor import ALLOCATOR
from study.store.timing_records import TimingSession

if TYPE_CHECKING:
    from study.bench.settings import BenchRequest, Setting


def session(
    request: "BenchRequest", setting: "Setting", tick: Callable[[int, int], object]
) -> TimingSession:
    """The timing session of a child process; a death of the process is the reason for no values.

    Raises:
        StudyError: a plugin, a model or an argument does not exist.
    """
    context = get_context("spawn")  # the allocator reads its settings when a program starts
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_work, args=(request, setting, sender))
    with _environment(request.threads):
        child.start()
    # Else the pipe stays open in this process, and a dead child is never seen as end of file.
    sender.close()
    try:
        while True:
            word, *values = receiver.recv()
            if word == "tick":
                tick(*values)
            elif word == "refused":
                raise StudyError(*values)
            else:
                return TimingSession.checked(*values)
    except EOFError:
        child.join()
        why = f"speed: the process that timed {_death(child.exitcode or 0)}"
        return TimingSession(arms={}, refused={label: {"speed": why} for label in request.models})
    finally:
        child.kill()
        child.join()


def _death(status: int) -> str:
    # The out-of-memory killer of the kernel sends SIGKILL, which leaves no message.
    if status == -signal.SIGKILL:
        return "was killed, as the kernel does when memory runs out"
    if status < 0:
        return f"died of {signal.Signals(-status).name}"
    return f"ended with status {status}; what it said is above"


@contextmanager
def _environment(threads: int) -> Iterator[None]:
    """The environment variables of trials, except those that the user has set."""
    wanted = {**ALLOCATOR, "OMP_NUM_THREADS": str(threads)}
    # spawn inherits the environment of its parent, so it is set here and restored.
    added = [name for name in wanted if name not in os.environ]
    os.environ.update({name: wanted[name] for name in added})
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


def _work(request: "BenchRequest", setting: "Setting", sender: Connection) -> None:
    """Time the setting and send the session, or the refusal, through the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started it ends it
    sys.path.append(os.getcwd())  # the user's plugins may import modules beside them
    from study.bench.session import bench_session

    try:
        measured = bench_session(request, setting, tick=lambda *now: sender.send(("tick", *now)))
    except StudyError as error:
        sender.send(("refused", str(error)))
    else:
        sender.send(("taken", measured.plain))
