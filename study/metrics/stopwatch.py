"""Time of calls on a device.

Not torch.utils.benchmark: its Timer discards two calls per measurement, by which a visit of 0.1 s
takes two to three times as long, and it averages single calls over blocks.
"""

import math
import time
from collections.abc import Callable
from pathlib import Path

import torch


class Stopwatch:
    def __init__(self, device: str) -> None:
        self.device = torch.device(device)

    def wait(self) -> None:
        """Wait until the device has finished its queue."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        elif self.device.type == "mps":
            torch.mps.synchronize()

    def together(self, call: Callable[[], object], times: int) -> float:
        """Mean seconds per call, over `times` calls without waiting in between."""
        self.wait()  # work that was queued before must not count
        if self.device.type == "cuda":
            return self._by_events(call, times) / times
        start = time.perf_counter()
        for _ in range(times):
            call()
        self.wait()
        return (time.perf_counter() - start) / times

    def apart(self, call: Callable[[], object], times: int) -> list[float]:
        """Seconds of each call, from its start until the device has finished it."""
        return [self._timed(call) for _ in range(times)]

    def _timed(self, call: Callable[[], object]) -> float:
        self.wait()
        start = time.perf_counter()
        call()
        self.wait()
        return time.perf_counter() - start

    def _by_events(self, call: Callable[[], object], times: int) -> float:
        """Seconds of all calls together, by the device's clock."""
        with torch.cuda.device(self.device):
            first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
            first.record()
            for _ in range(times):
                call()
            last.record()
            last.synchronize()
        return float(first.elapsed_time(last)) / 1e3  # from ms


def waited() -> float:
    """Seconds that this process's threads waited for a CPU, since they started.

    The difference of two values is the wait in between. From Linux's schedstat; NaN without it.
    """
    try:
        # The second field is the nanoseconds that a thread was runnable and waited for a CPU.
        files = list(Path("/proc/self/task").glob("*/schedstat"))
        return sum(int(file.read_text().split()[1]) for file in files) / 1e9 if files else math.nan
    except (OSError, ValueError):  # a thread that has just ended
        return math.nan
