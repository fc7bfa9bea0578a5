"""The machine that workers run on."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

RETRIES = 3
TIMEOUT = 1800.0


@dataclass(frozen=True)
class Machine:
    """Where and how wide to run: flags of the command line, never part of a study."""

    on: str
    workers: int
    device: str
    """cpu, cuda, mps; or AUTO, on Slurm."""
    threads: int
    devices: int = 1
    """Processes that train one trial together on a node, each with a device of its own."""
    nodes: int = 1
    share: int = 1
    """Trials that train on one GPU at a time."""
    retries: int = RETRIES
    """Times that a trial may take its worker with it, before it is marked as failed."""
    timeout: float = TIMEOUT
    """Seconds that a trial may go without a step before it counts as hung."""
    resources: Mapping[str, str | None] = field(default_factory=dict)
    """The words after -R, checked: see study.launch.resources."""
    wait: bool = False
    asked: tuple[str, ...] = ()
    """The flags that were given, to be repeated."""

    @property
    def order(self) -> dict[str, object]:
        """What workers are told of it."""
        keys = ("on", "device", "threads", "devices", "nodes", "share", "retries", "timeout")
        return {key: getattr(self, key) for key in (*keys, "resources")}


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def gpus() -> list[str]:
    """NVIDIA devices that may be used, by number or unique name, told without a driver library."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return [name.strip() for name in chosen.split(",") if name.strip() not in ("", "-1")]
    found = sorted(int(path.name[6:]) for path in Path("/dev").glob("nvidia[0-9]*"))
    return [str(number) for number in found]


def device() -> str:
    """The device to use unless told otherwise."""
    return "cuda" if gpus() else "cpu"


AUTO = "auto"
"""The device of workers on Slurm that are not told which: what their job has."""


def granted() -> str:
    """The device of a job on Slurm: its GPUs where it was given any, by whatever asked for them.

    Not what can be seen on its node, which may be of other jobs.
    """
    names = ("SLURM_GPUS_ON_NODE", "SLURM_STEP_GPUS", "SLURM_JOB_GPUS")
    given = os.environ.get(names[0], "0") not in ("", "0") or any(map(os.environ.get, names[1:]))
    return "cuda" if given else "cpu"


def slots(device: str, threads: int, devices: int = 1, share: int = 1) -> int:
    """Trials that fit at a time: by the GPUs that each takes, or by the cores for its threads."""
    if device == "cuda":
        return max(1, len(gpus()) * share // devices)
    return max(1, cores() // (threads * devices))
