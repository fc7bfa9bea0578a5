"""The end of workers of this machine, at once."""

import os
import signal
from contextlib import suppress
from pathlib import Path

from study.launch import job as job_folder
from study.store.holders import Holder


def kill(job: Path) -> None:
    """End the workers of a job at once; their trials resume from what was saved last."""
    with suppress(OSError):
        job_folder.stop(job)  # for those that are still starting
    for who in job_folder.workers(job):
        end(who)


def end(who: Holder) -> None:
    """End a supervisor of this machine; its children end with it, at most a step later."""
    with suppress(ProcessLookupError, PermissionError):
        # A worker that a user's command has started is in the group of that command.
        if os.getpgid(who.pid) == who.pid:
            os.killpg(who.pid, signal.SIGKILL)
        else:
            os.kill(who.pid, signal.SIGKILL)
