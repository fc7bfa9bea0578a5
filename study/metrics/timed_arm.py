"""An arm that is built and warm, and its visits."""

import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

import torch

from study.errors import StudyError
from study.metrics.stopwatch import Stopwatch, waited
from study.metrics.times import Times
from study.metrics.workloads import Workload

CALLS = 100  # per visit at most; a small model would leave a million samples


class Timed(NamedTuple):
    """One workload in one visit."""

    seconds: float
    """Seconds of the median call."""
    waited: float
    """Fraction of the visit spent waiting for a CPU; NaN where it is unknown."""


Visit = dict[str, Timed]
"""A visit's times by workload."""


@contextmanager
def refusing(
    refused: dict[str, str],
    name: str,
    device: str,
    errors: type[Exception] = Exception,
) -> Iterator[None]:
    """Turn an arm's error into the reason why it has no times."""
    try:
        yield
    except StudyError as error:
        refused[name] = str(error)
    except errors as error:  # models raise errors of any type
        # On the CPU torch raises a RuntimeError: "can't allocate memory".
        large = isinstance(error, torch.cuda.OutOfMemoryError) or "allocate memory" in str(error)
        message = f"{type(error).__name__}: {error}".splitlines()[0]
        refused[name] = f"it does not fit into {device} at this size" if large else message


class TimedArm:
    """One instance of an arm; `times` are those of the arm, over all of its instances."""

    def __init__(
        self, workloads: Mapping[str, Workload], times: dict[str, Times], watch: Stopwatch
    ) -> None:
        self.workloads, self.times, self.watch = workloads, times, watch

    def visit(self, counts: Mapping[str, int]) -> Visit:
        """Call each workload so often; of several calls, the first third is not timed."""
        return {
            name: self._timed(name, workload, counts[name])
            for name, workload in self.workloads.items()
        }

    def _timed(self, name: str, workload: Workload, count: int) -> Timed:
        times = self.times[name]
        # The first calls find the caches full of another arm, those of the baseline less so, as it
        # is visited most often: it would seem faster, of a small model by 1.3 %.
        untimed = max(1, count // 3) if count > 1 else 0
        for _ in range(untimed):
            workload.run()
        count -= untimed
        before, start = waited(), time.perf_counter()
        if workload.apart:
            times.calls.append(self.watch.apart(workload.run, count))
            # The median, since one interrupted call does not move it.
            times.seconds.append(statistics.median(times.calls[-1]))
        else:
            times.seconds.append(self.watch.together(workload.run, count))
        # Over all threads, so the fraction may exceed 1.
        share = (waited() - before) / (time.perf_counter() - start)
        return Timed(times.seconds[-1], share)

    def compare(self, before: Visit, own: Visit, after: Visit, *, build: int) -> None:
        """Add a visit that lies between two of the baseline."""
        for name in own.keys() & before.keys() & after.keys():
            three, times = [visit[name] for visit in (before, own, after)], self.times[name]
            times.between.append((three[0].seconds, three[1].seconds, three[2].seconds))
            times.waited.append(max(timed.waited for timed in three))
            times.builds.append(build)
