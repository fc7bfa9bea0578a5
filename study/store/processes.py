"""Identity of processes: a process number alone is used again, by other machines and later."""

import os
from functools import cache
from pathlib import Path

MAX_PID = 1 << 31  # of the C type pid_t; Linux itself stops at 2^22


@cache
def namespace() -> str:
    """Identifies the boot of this machine and the container in which process numbers are valid."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:  # no Linux
        return ""


def start_time(pid: int) -> str:
    """When a process started, in the kernel's ticks since boot; empty if there is no such process.

    "unknown" for a living process of a system without /proc.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "" if Path("/proc/self/stat").exists() or not _alive(pid) else "unknown"
    # The second field is the program's name in parentheses, which may contain spaces and ")".
    fields = stat.rpartition(")")[2].split()
    # Field 22 of proc(5) is the start time; the first two are cut off. A zombie works no more.
    return "" if fields[0] == "Z" else fields[19]


def is_pid(value: object) -> bool:
    """True for a number that a process may have; kill(2) takes 0 and less for process groups."""
    return type(value) is int and 0 < value < MAX_PID


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)  # signal 0 checks and sends nothing
    except ProcessLookupError:
        return False
    except PermissionError:  # a process of another user
        return True
    return True
