"""The child of a supervisor: a process that does one phase of a job."""

import faulthandler
import os
import signal
import sys
import traceback
from pathlib import Path

from study.errors import StoreError
from study.launch.phases import work
from study.launch.worker import SIGNALS, STORE_FAILED, Worker
from study.store.processes import end_with_parent


def main(job: str, phase: str) -> int:
    """Do one phase. Ends with its supervisor, and stops after a step when asked to."""
    faulthandler.enable()  # prints the stack when the process crashes
    supervisor = os.getppid()
    end_with_parent(signal.SIGKILL)  # nothing is lost yet, and imports take their time
    sys.path.append(os.getcwd())  # the user's plugins may import modules beside them
    worker = Worker(Path(job))
    worker.task.prepare(worker.order.threads)  # its imports take long

    # Handlers come after the imports: torch takes seconds, in which nothing could react to a stop.
    for number in SIGNALS:
        signal.signal(number, worker.ask_to_stop)
    end_with_parent(signal.SIGTERM)
    # The supervisor may have died before prctl was called, which then sends no signal.
    if os.getppid() != supervisor:
        return 0
    try:
        return work(worker, phase)
    except StoreError:
        traceback.print_exc()
        return STORE_FAILED
