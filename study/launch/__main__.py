"""What launchers, supervisors and batch jobs start: python -m study.launch WHAT JOB."""

import sys
from collections.abc import Callable
from pathlib import Path

from study.errors import StoreError
from study.launch import orders, supervisor, worker


def private(job: str) -> int:
    """What a batch job runs first: 1 unless its folder is the user's own."""
    try:
        orders.private(Path(job))
    except StoreError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


PROCESSES: dict[str, Callable[..., int]] = {
    "worker": worker.main,
    "supervisor": supervisor.main,
    "private": private,
}

if __name__ == "__main__":
    sys.exit(PROCESSES[sys.argv[1]](*sys.argv[2:]))
