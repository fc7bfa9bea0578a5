"""Energy of one image, from the counters of the device: everything it draws, idle power included.

Of an NVIDIA device NVML's counter, of a CPU that of RAPL's packages. Both are coarse, so an arm is
run without pause from one step of its counter to another a second later, alone, three times.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from study.metrics.lanes import Lane
from study.metrics.stopwatch import Stopwatch
from study.metrics.surroundings import nvml

RAPL = Path("/sys/class/powercap")
SECONDS, ROUNDS = 1.0, 3

PIECE = 0.02
"""Seconds between two looks at a counter, or one call."""

STILL = 1.0
"""Seconds after which a counter is taken to stand still."""

Counter = Callable[[], float]
"""Joules since some moment."""


def joules(
    lanes: Mapping[str, Lane], device: str, *, seconds: float = SECONDS
) -> dict[str, list[float]]:
    """Joules of one image by arm, round by round; nothing where no counter can be read."""
    with counter(device) as read:
        if read is None:
            return {}
        watch, found = Stopwatch(device), {name: list[float]() for name in lanes}
        for _ in range(ROUNDS):
            for name, lane in lanes.items():
                found[name].append(_one(lane, read, watch, seconds))
        return {name: values for name, values in found.items() if all(values)}  # it moves


def _one(lane: Lane, read: Counter, watch: Stopwatch, seconds: float) -> float:
    times = max(1, int(PIECE / watch.together(lane.run, 2)))
    start, _ = _stepped(lane, times, read, watch, 0)
    end, calls = _stepped(lane, times, read, watch, seconds)
    return (end - start) / (calls * lane.images)


def _stepped(
    lane: Lane, times: int, read: Counter, watch: Stopwatch, seconds: float
) -> tuple[float, int]:
    """Call until the counter steps for the first time after `seconds`: where it is, and the calls.

    Of these `times` follow each other without waiting. A counter that has stood still for as long
    again is left where it is.
    """
    begun, calls, last = time.perf_counter(), 0, read()
    while True:
        watch.together(lane.run, times)
        calls, now, past = calls + times, read(), time.perf_counter() - begun
        if (past >= seconds and now != last) or past > 2 * seconds + STILL:
            return now, calls
        last = now


@contextmanager
def counter(device: str) -> Iterator[Counter | None]:
    """None where the machine has none, or keeps it from this user."""
    if not device.startswith("cuda"):
        yield _rapl() if device == "cpu" else None
        return
    with nvml(device) as asked:
        yield _of_gpu(asked) if asked is not None else None


def _of_gpu(asked: object) -> Counter | None:
    import pynvml

    def read() -> float:
        return float(pynvml.nvmlDeviceGetTotalEnergyConsumption(asked)) / 1e3

    try:
        read()
    except pynvml.NVMLError:
        return None
    return read


def _rapl() -> Counter | None:
    packages = [_Package(file) for file in RAPL.glob("intel-rapl:[0-9]/energy_uj")]
    try:
        for package in packages:
            package.joules()
    except OSError:
        return None
    return (lambda: sum(package.joules() for package in packages)) if packages else None


class _Package:
    """One counter of microjoules, which starts again at zero when it is full."""

    def __init__(self, file: Path) -> None:
        self.file, self.last, self.total = file, 0, 0

    def joules(self) -> float:
        now = int(self.file.read_text())
        if now < self.last:
            self.total += int((self.file.parent / "max_energy_range_uj").read_text())
        self.total += now - self.last
        self.last = now
        return self.total / 1e6
