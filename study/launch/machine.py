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

    @property
    def flags(self) -> list[str]:
        """The flags that ask for this machine, where they are not the defaults."""
        asked = {"--on": (self.on, "local"), "--device": (self.device, device()),
                 "--threads": (self.threads, 1),
                 "--workers": (self.workers, slots(self.device, self.threads))}  # fmt: skip
        differ = {flag: value for flag, (value, default) in asked.items() if value != default}
        return [str(word) for pair in differ.items() for word in pair]


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def gpus() -> list[int]:
    """NVIDIA devices that may be used, told without a driver library."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return [int(number) for number in chosen.split(",") if number.strip().isdigit()]
    return sorted(int(path.name[6:]) for path in Path("/dev").glob("nvidia[0-9]*"))


def device() -> str:
    """The device to use unless told otherwise."""
    return "cuda" if gpus() else "cpu"


def slots(device: str, threads: int) -> int:
    """Trials that fit at a time: one a GPU, or as many as there are cores for their threads."""
    return max(1, len(gpus()) if device == "cuda" else cores() // threads)
