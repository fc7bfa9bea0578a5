"""The processes that launchers and supervisors start: python -m study.launch PROCESS JOB."""

import sys
from collections.abc import Callable

from study.launch import child, supervisor

PROCESSES: dict[str, Callable[..., int]] = {
    "worker": child.main,
    "supervisor": supervisor.main,
}

if __name__ == "__main__":
    sys.exit(PROCESSES[sys.argv[1]](*sys.argv[2:]))
