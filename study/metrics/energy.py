"""Energy per image from the device's counters, which include idle power.

NVIDIA devices have NVML's counter, CPUs those of RAPL's packages. Both tick coarsely, so an arm
runs alone and without pause from one tick to another at least a second later, three times.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from study.metrics.machine_state import nvml
from study.metrics.stopwatch import Stopwatch
from study.metrics.workloads import Workload

RAPL = Path("/sys/class/powercap")
SECONDS, ROUNDS = 1.0, 3

PIECE = 0.02
"""Seconds between two reads of a counter; a longer call is not interrupted."""

STILL = 1.0
"""Seconds without a tick after which a counter counts as stopped."""

Counter = Callable[[], float]
"""Reads the joules since a fixed moment."""


def joules(
    workloads: Mapping[str, Workload], device: str, *, seconds: float = SECONDS
) -> dict[str, list[float]]:
    """Joules per image by arm and round; empty where no counter can be read."""
    with counter(device) as read:
        if read is None:
            return {}
        watch, joules_by_arm = Stopwatch(device), {name: list[float]() for name in workloads}
        for _ in range(ROUNDS):
            for name, workload in workloads.items():
                joules_by_arm[name].append(_per_image(workload, read, watch, seconds))
        return {
            name: values for name, values in joules_by_arm.items() if all(values)
        }  # 0: the counter stopped


def _per_image(workload: Workload, read: Counter, watch: Stopwatch, seconds: float) -> float:
    # Several short calls between two reads keep the device busy.
    times = max(1, int(PIECE / watch.together(workload.run, 2)))
    # From one tick to another, since the moment between two ticks cannot be read.
    start, _ = _stepped(workload, times, read, watch, 0)
    end, calls = _stepped(workload, times, read, watch, seconds)
    return (end - start) / (calls * workload.images)


def _stepped(
    workload: Workload, times: int, read: Counter, watch: Stopwatch, seconds: float
) -> tuple[float, int]:
    """Call until the counter ticks after `seconds`; return its value and the number of calls.

    Calls run in groups of `times` without waiting in between. A counter that does not tick for as
    long again is read as it is.
    """
    begun, calls, last = time.perf_counter(), 0, read()
    while True:
        watch.together(workload.run, times)
        calls, now, past = calls + times, read(), time.perf_counter() - begun
        if (past >= seconds and now != last) or past > 2 * seconds + STILL:
            return now, calls
        last = now


@contextmanager
def counter(device: str) -> Iterator[Counter | None]:
    """A device's energy counter; None where there is none or this user may not read it."""
    if not device.startswith("cuda"):
        yield _rapl() if device == "cpu" else None
        return
    with nvml(device) as handle:
        yield _of_gpu(handle) if handle is not None else None


def _of_gpu(handle: object) -> Counter | None:
    import pynvml  # of the extra `gpu`

    def read() -> float:
        # NVML counts millijoules since the driver was loaded.
        return float(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)) / 1e3

    try:
        read()
    except pynvml.NVMLError:
        return None
    return read


def _rapl() -> Counter | None:
    # Whole packages, without the domains inside them (intel-rapl:0:0). AMD has the same name.
    packages = [_Package(file) for file in RAPL.glob("intel-rapl:[0-9]/energy_uj")]
    try:
        for package in packages:
            package.joules()
    except OSError:  # since Linux 5.10 only root may read these counters
        return None
    return (lambda: sum(package.joules() for package in packages)) if packages else None


class _Package:
    """A RAPL package's counter of microjoules, which wraps to zero when it is full."""

    def __init__(self, file: Path) -> None:
        self.file, self.last, self.total = file, 0, 0

    def joules(self) -> float:
        now = int(self.file.read_text())
        if now < self.last:
            self.total += int((self.file.parent / "max_energy_range_uj").read_text())
        self.total += now - self.last
        self.last = now
        return self.total / 1e6  # from microjoules
