"""Warm-up: calls until their times are steady, before any is timed."""

from study.metrics.stopwatch import Stopwatch
from study.metrics.workloads import Workload

SAMPLE = 0.005
"""Seconds that a sample takes at least; short calls are sampled several at a time."""
WINDOW, STEADY = 3, 0.1
"""Times are steady when the fastest of three samples is that of the three before within 10 %."""
PATIENCE = 16
"""Samples after which warm-up ends in any case, as on a machine that others use."""
PATIENCE_AGAIN = 6
"""The same for a model that was timed before, of which only the memory is new."""


def steady_pace(workload: Workload, watch: Stopwatch) -> float:
    """Call until times are steady; the median seconds of a call since then.

    Two equal samples prove nothing: a model may be slow twice before it is fast, and a call that
    is interrupted takes any time. The fastest of three is what the machine can do at that moment.
    """
    # A compiled model compiles here, in the first call, which is no sample.
    times = max(1, int(SAMPLE / max(watch.together(workload.run, 1), 1e-9)))
    samples = list[float]()
    for _ in range(PATIENCE):
        samples.append(watch.together(workload.run, times))
        # From the pace so far, as a first call may take a hundred times as long.
        times = max(1, int(SAMPLE / max(samples[-1], 1e-9)))
        if len(samples) >= 2 * WINDOW and _is_steady(samples):
            break
    return sorted(samples[-WINDOW:])[len(samples[-WINDOW:]) // 2]


def _is_steady(samples: list[float]) -> bool:
    last, before = min(samples[-WINDOW:]), min(samples[-2 * WINDOW : -WINDOW])
    return abs(last - before) <= STEADY * min(last, before)


def reach_pace(workload: Workload, watch: Stopwatch, pace: float) -> None:
    """Call a model that was built anew until a call takes no longer than it did before."""
    # Its kernels are chosen and compiled; the first call touches its memory.
    watch.together(workload.run, 1)
    for _ in range(PATIENCE_AGAIN - 1):
        if watch.together(workload.run, 1) <= (1 + STEADY) * pace:
            return
