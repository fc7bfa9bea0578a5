"""The machine that workers run on."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Machine:
    """Where and how wide to run: flags of the command line, never part of a study."""

    on: str
    workers: int
    device: str
    threads: int


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def gpus() -> int:
    """NVIDIA devices of this machine, told without a driver library."""
    return len([path for path in Path("/dev").glob("nvidia*") if path.name[6:].isdigit()])


def device() -> str:
    """The device to use unless told otherwise."""
    return "cuda" if gpus() else "cpu"


def slots(device: str, threads: int) -> int:
    """Trials that fit at a time: one a GPU, or as many as there are cores for their threads."""
    return max(1, gpus() if device.startswith("cuda") else cores() // threads)
