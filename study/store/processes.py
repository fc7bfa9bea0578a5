"""Processes: their identity, as a number alone is used again; their cores, and their end."""

import os
from contextlib import suppress
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


def cores() -> int:
    """The number of CPU cores that this process may use."""
    # Slurm and containers limit a process to some cores; os.cpu_count() has all of the machine.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def end_with_parent(number: int) -> None:
    """Ask the kernel for a signal when the parent dies: no other process sees this one end."""
    import ctypes

    with suppress(OSError, AttributeError):  # prctl(PR_SET_PDEATHSIG) exists on Linux only
        ctypes.CDLL(None).prctl(1, number)
