"""The machine on which workers run: its settings, its devices, its number of slots."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from study.store.processes import cores

RETRIES = 3  # deaths of workers at one trial
TIMEOUT = 1800.0  # seconds without a step
HERE = ("local", "inline")
"""Launchers of this machine."""


@dataclass(frozen=True)
class Machine:
    """Where a study runs, and on how many processes: from the command line, never from a study."""

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
    """How often a trial may crash its worker before it counts as failed."""
    timeout: float = TIMEOUT
    """Seconds without a training step after which a trial counts as hung."""
    resources: Mapping[str, str | None] = field(default_factory=dict)
    """The values of -R, checked by study.launch.resources."""
    submit: str = ""
    """The user's command that starts a worker, by `study.launch.templates`."""
    wait: bool = False
    flags: tuple[str, ...] = ()
    """The flags of the command line, to print a command that repeats them."""

    @property
    def here(self) -> bool:
        """True where trials run on this machine; the others' may have other devices and cores."""
        return self.on in HERE

    @property
    def order(self) -> dict[str, object]:
        """The settings that workers need, as part of the job's record."""
        keys = ("on", "device", "threads", "devices", "nodes", "share", "retries", "timeout")
        return {key: getattr(self, key) for key in (*keys, "resources")}


def room(
    device: str, workers: int | None, threads: int | None, devices: int = 1, share: int = 1
) -> tuple[int, int]:
    """Workers, and threads of each, for which this machine has cores and GPUs."""
    # On two cores two trials of one thread train 1.10 to 1.18 times as many images/s as one
    # trial of two threads; two trials of two threads that spin train 0.25 to 0.51 times.
    workers = workers or slots(device, threads or 1, devices, share)
    # More threads than cores only wait for each other.
    return workers, threads or max(1, cores() // (workers * devices))


def gpus() -> list[str]:
    """The NVIDIA devices that this process may use, by number or unique name."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    # An empty variable hides all GPUs, and -1 does so for CUDA.
    if chosen is not None:
        return [name.strip() for name in chosen.split(",") if name.strip() not in ("", "-1")]
    # Device files instead of CUDA, so that no driver library is loaded.
    numbers = sorted(int(path.name[6:]) for path in Path("/dev").glob("nvidia[0-9]*"))
    return [str(number) for number in numbers]


def default_device() -> str:
    """The default device."""
    return "cuda" if gpus() else "cpu"


DEVICES = ("cpu", "cuda", "mps")
AUTO = "auto"
"""The default device of workers elsewhere: a GPU if their job or their machine has one."""


def own_device(on: str) -> str:
    """The device of a worker that was given none: that of its Slurm job, or of its machine."""
    # A user's command may submit to Slurm, too, where devices on the node may be of other jobs.
    if on == "command" and not os.environ.get("SLURM_JOB_ID"):
        return default_device()
    return allocated_device()


def allocated_device() -> str:
    """The device of a job on Slurm: "cuda" if GPUs were allocated to it, by whatever flag.

    Devices that are visible on the node may belong to other jobs.
    """
    names = ("SLURM_GPUS_ON_NODE", "SLURM_STEP_GPUS", "SLURM_JOB_GPUS")
    allocated = os.environ.get(names[0], "0") not in ("", "0") or any(
        map(os.environ.get, names[1:])
    )
    return "cuda" if allocated else "cpu"


def slots(device: str, threads: int, devices: int = 1, share: int = 1) -> int:
    """The number of trials that run at the same time, limited by GPUs or by cores."""
    if device == "cuda":
        return max(1, len(gpus()) * share // devices)
    return max(1, cores() // (threads * devices))
