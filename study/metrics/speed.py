"""Speed: all arms in one session, in rounds, each visit between two visits of the baseline.

A machine gets slower while it warms up, and a shared one changes by the second. So no arm is timed
in one piece: every round visits every arm in a random order, with a visit of the baseline before
and after it. A slowdown that affects neighbours alike cancels in their ratio (`ratios.py`).
Rounds that other processes disturbed are recognized by how long threads waited for a CPU. Levels
are medians over rounds and compare within one session only.
"""

import gc
import os
import random
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple, Self

import torch

from study.errors import MetricError, StudyError
from study.metrics.energy import joules
from study.metrics.ratios import Between
from study.metrics.stopwatch import Stopwatch, waited
from study.metrics.workloads import Workload

Workloads = Callable[[], Mapping[str, Workload]]
"""Builds an arm; returns its workloads by name."""

ROUNDS = (10, 40)  # at least, at most: the interval's coverage was simulated for these
CALLS = 100  # per visit at most; a small model would leave a million samples
STEADY, PATIENCE = 0.1, 12
"""Warm-up ends when a call takes as long as the one before within 10 %, or after 12 calls."""


@dataclass
class Times:
    """The times of one arm and workload, in seconds per call, one entry per round."""

    images: int
    """Images per call."""
    seconds: list[float] = field(default_factory=list)
    """Median call of each visit."""
    between: list[Between] = field(default_factory=list)
    """Each visit between two of the baseline; empty for the baseline itself."""
    waited: list[float] = field(default_factory=list)
    """Largest fraction of a visit spent waiting for a CPU, over the three visits."""
    calls: list[list[float]] = field(default_factory=list)
    """All calls of each visit, for workloads whose calls are timed one by one."""


@dataclass
class SpeedSession:
    """A timing session: every arm has either times or a refusal."""

    times: dict[str, dict[str, Times]]
    """Times by arm and workload."""
    refused: dict[str, str]
    """The reason why an arm has no times."""
    unfit: dict[str, dict[str, str]] = field(default_factory=dict)
    """Reasons why a workload of an arm has no times, by arm and workload."""
    joules: dict[str, list[float]] = field(default_factory=dict)
    """Joules per image by arm, one entry per repeat; empty unless requested and readable."""
    loads: list[float] = field(default_factory=list)
    """Load average of the machine over the minute before each round."""


def session(
    arms: Mapping[str, Workloads],
    *,
    device: str = "cpu",
    seconds: float = 15.0,
    rounds: int | None = None,
    energy: str = "",
    seed: int = 0,
    report: Callable[[int, int], object] = lambda done, total: None,
) -> SpeedSession:
    """The times of every arm; the first is the baseline.

    `seconds` is the time for all arms together, after warm-up. It decides the number of `rounds`
    (at least 10) and of calls per visit (at least 1), so large models on slow machines take longer.
    `energy` names the workload whose energy is measured, if any. `report(done, total)` is called
    after every round.

    An arm that cannot be built or run is refused, and the others continue; without the baseline
    there are no ratios. A batch that does not fit is not made smaller, because rows with different
    batch sizes cannot be compared.
    """
    watch, result, timed_arms = Stopwatch(device), SpeedSession({}, {}), dict[str, _TimedArm]()
    for name, workloads in arms.items():
        # Where no model runs, an error of another type is a bug of ours.
        with _refusing(result.refused, name, device, RuntimeError):
            timed_arms[name] = _TimedArm.warmed(
                workloads(), watch, result.unfit.setdefault(name, {}), device
            )
    if not timed_arms:
        return result
    base, *others = arms
    count = _plan(timed_arms, base, seconds, rounds)
    draw = random.Random(seed)
    for turn in range(count):
        result.loads += [os.getloadavg()[0]] if hasattr(os, "getloadavg") else []
        # In a fixed order, an arm would always follow the same neighbour.
        draw.shuffle(others)
        _round(timed_arms, base, others, result.refused, device)
        report(turn + 1, count)
    result.times = {name: timed_arms[name].times for name in arms if name in timed_arms}
    if energy:
        # After the rounds, since energy needs arms that run alone and without pause.
        result.joules = joules(
            {
                name: arm.workloads[energy]
                for name, arm in timed_arms.items()
                if name in result.times and energy in arm.workloads
            },
            device,
        )
    return result


def _plan(
    timed_arms: Mapping[str, "_TimedArm"], base: str, seconds: float, rounds: int | None
) -> int:
    """The number of rounds; sets how often each arm is called per visit."""
    # n - 1 arms, and n visits of the baseline around them.
    visits = 2 * len(timed_arms) - (base in timed_arms)
    once = sum(
        arm.once * (len(timed_arms) if name == base else 1) for name, arm in timed_arms.items()
    )
    count = rounds or min(ROUNDS[1], max(ROUNDS[0], int(seconds / max(once, 1e-9))))
    for arm in timed_arms.values():
        arm.share(seconds / count / max(visits, 1))
    return count


def _round(
    timed_arms: dict[str, "_TimedArm"],
    base: str,
    others: list[str],
    refused: dict[str, str],
    device: str,
) -> None:
    """Visit all arms; a visit of the baseline between two arms serves both."""
    before = _visited(timed_arms, base, refused, device)
    for name in others:
        if (own := _visited(timed_arms, name, refused, device)) is None:
            continue
        after = _visited(timed_arms, base, refused, device)
        if before and after:
            timed_arms[name].compare(before, own, after)
        # The visit after this arm is the one before the next.
        before = after


class Timed(NamedTuple):
    """One workload in one visit."""

    seconds: float
    """Seconds of the median call."""
    waited: float
    """Fraction of the visit spent waiting for a CPU; NaN where it is unknown."""


Visit = dict[str, Timed]
"""A visit's times by workload."""


def _visited(
    timed_arms: dict[str, "_TimedArm"], name: str, refused: dict[str, str], device: str
) -> Visit | None:
    if name not in timed_arms:
        return None
    with _refusing(refused, name, device):
        return timed_arms[name].visit()
    # Reached only if the visit raised, as `_refusing` swallows the error.
    del timed_arms[name]  # also frees its memory on the device
    gc.collect()
    return None


@contextmanager
def _refusing(
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


def _pace(workload: Workload, watch: Stopwatch) -> float:
    """Call until the time is steady; return the seconds of a call."""
    # A compiled model compiles here, in the first call.
    last = watch.together(workload.run, 1)
    for _ in range(PATIENCE):
        this = watch.together(workload.run, 1)
        if abs(this - last) <= STEADY * this:
            return this
        last = this
    return last


class _TimedArm:
    """An arm after its warm-up, with the times of its visits so far."""

    def __init__(
        self, workloads: Mapping[str, Workload], paces: Mapping[str, float], watch: Stopwatch
    ) -> None:
        self.workloads, self.paces, self.watch = workloads, paces, watch
        self.times = {name: Times(workload.images) for name, workload in workloads.items()}
        self.counts = dict.fromkeys(workloads, 1)

    @classmethod
    def warmed(
        cls, workloads: Mapping[str, Workload], watch: Stopwatch, unfit: dict[str, str], device: str
    ) -> Self:
        """The arm with the workloads that run; the reasons of others are added to `unfit`.

        Raises:
            MetricError: none of them runs.
        """
        paces = {}
        for name, workload in workloads.items():
            # A large batch may not fit where a small one does.
            with _refusing(unfit, name, device):
                paces[name] = _pace(workload, watch)
        if not paces:
            raise MetricError("; ".join(dict.fromkeys(unfit.values())))
        return cls({name: workloads[name] for name in paces}, paces, watch)

    @property
    def once(self) -> float:
        """Seconds of a visit that calls every workload once."""
        return sum(self.paces.values())

    def share(self, seconds: float) -> None:
        """Set the number of calls so that a visit takes about this long."""
        own = seconds / len(self.workloads)
        self.counts = {n: min(CALLS, max(1, int(own / pace))) for n, pace in self.paces.items()}

    def visit(self) -> Visit:
        return {name: self._timed(name, workload) for name, workload in self.workloads.items()}

    def _timed(self, name: str, workload: Workload) -> Timed:
        times, count = self.times[name], self.counts[name]
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

    def compare(self, before: Visit, own: Visit, after: Visit) -> None:
        for name in own.keys() & before.keys() & after.keys():
            three, times = [visit[name] for visit in (before, own, after)], self.times[name]
            times.between.append((three[0].seconds, three[1].seconds, three[2].seconds))
            times.waited.append(max(timed.waited for timed in three))
