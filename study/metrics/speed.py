"""Speed: all arms in one session, in rounds, each visit between two visits of the baseline.

A machine gets slower while it warms up, and shared ones change by the second. So no arm is timed in
one piece: every round visits every arm, in an order drawn anew, and the baseline before and after
each of them. What the machine does to neighbours falls out of their ratio (`ratios.py`), and rounds
in which others had the CPUs are told from the rest by how long threads waited for one; levels are
medians over rounds, and compare within one session only.
"""

import gc
import os
import random
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import torch

from study.errors import StudyError
from study.metrics.energy import joules
from study.metrics.lanes import Lane
from study.metrics.ratios import Between
from study.metrics.stopwatch import Stopwatch, waited

Lanes = Callable[[], Mapping[str, Lane]]
"""Builds an arm, and says in what ways it is called, by name."""

ROUNDS = (10, 40)  # at least, at most
CALLS = 100  # of a visit, so that small models leave no files of a million samples
STEADY, PATIENCE = 0.1, 12
"""Warm when one call takes as long as the one before, within so much; or after so many calls."""


@dataclass
class Times:
    """Of one arm in one lane; seconds of one call, round by round."""

    images: int
    """In one call."""
    seconds: list[float] = field(default_factory=list)
    """The median call of each visit."""
    between: list[Between] = field(default_factory=list)
    """The same between those of the baseline before and after; none of the baseline itself."""
    waited: list[float] = field(default_factory=list)
    """Of the three the most that was waited for a CPU, by how long the visit took."""
    calls: list[list[float]] = field(default_factory=list)
    """All of each visit, where calls are waited for one by one."""


@dataclass
class Session:
    """Every arm is in one of the first two."""

    times: dict[str, dict[str, Times]]
    """By arm and lane."""
    refused: dict[str, str]
    """Why an arm has no times."""
    joules: dict[str, list[float]] = field(default_factory=dict)
    """Of one image, where that was asked for and can be read; some times over."""
    loads: list[float] = field(default_factory=list)
    """Of the machine, over the minute before each round."""


def session(
    arms: Mapping[str, Lanes],
    *,
    device: str = "cpu",
    seconds: float = 15.0,
    rounds: int | None = None,
    energy: str = "",
    seed: int = 0,
    report: Callable[[int, int], object] = lambda done, total: None,
) -> Session:
    """The times of every arm; the first is the baseline.

    `seconds` is for all arms together, after warming up. It says how many `rounds` there are and
    how often a lane is called in a visit, but not below 10 and once, so large models on slow
    machines take longer. `energy` is the lane whose energy is read, if any. `report(done, total)`
    is told of every round.

    An arm that cannot be built or run is refused and the others go on: without a baseline there is
    no ratio. A batch that does not fit is never made smaller, since rows at different batch sizes
    make no table.
    """
    watch, found, stands = Stopwatch(device), Session({}, {}), dict[str, _Stand]()
    for name, lanes in arms.items():
        with _refusing(found.refused, name, device):
            stands[name] = _Stand(lanes(), watch)
    if not stands:
        return found
    base, *others = arms
    count = _plan(stands, base, seconds, rounds)
    draw = random.Random(seed)
    for turn in range(count):
        found.loads += [os.getloadavg()[0]] if hasattr(os, "getloadavg") else []
        draw.shuffle(others)
        _round(stands, base, others, found.refused, device)
        report(turn + 1, count)
    found.times = {name: stands[name].times for name in arms if name in stands}
    if energy:
        found.joules = joules({name: stands[name].lanes[energy] for name in found.times}, device)
    return found


def _plan(
    stands: Mapping[str, "_Stand"], base: str, seconds: float, rounds: int | None
) -> int:  # fmt: skip
    """How many rounds there are; stands are told how often to call."""
    visits = 2 * len(stands) - (base in stands)
    once = sum(stand.once * (len(stands) if name == base else 1) for name, stand in stands.items())
    count = rounds or min(ROUNDS[1], max(ROUNDS[0], int(seconds / max(once, 1e-9))))
    for stand in stands.values():
        stand.share(seconds / count / max(visits, 1))
    return count


def _round(
    stands: dict[str, "_Stand"], base: str, others: list[str], refused: dict[str, str], device: str
) -> None:
    """Visit all; the visit of the baseline between two arms serves both."""
    before = _visited(stands, base, refused, device)
    for name in others:
        if (own := _visited(stands, name, refused, device)) is None:
            continue
        after = _visited(stands, base, refused, device)
        if before and after:
            stands[name].compare(before, own, after)
        before = after


class Taken(NamedTuple):
    seconds: float
    """Of the median call."""
    waited: float
    """As `Times` has it; NaN where that is not known."""


Visit = dict[str, Taken]
"""By lane."""


def _visited(
    stands: dict[str, "_Stand"], name: str, refused: dict[str, str], device: str
) -> Visit | None:
    if name not in stands:
        return None
    with _refusing(refused, name, device):
        return stands[name].visit()
    del stands[name]  # and what it holds of the device's memory
    gc.collect()
    return None


@contextmanager
def _refusing(refused: dict[str, str], name: str, device: str) -> Iterator[None]:
    """What goes wrong here with an arm becomes the reason why it has no times."""
    try:
        yield
    except StudyError as error:
        refused[name] = f"speed: {error}"
    except RuntimeError as error:
        large = isinstance(error, torch.cuda.OutOfMemoryError) or "allocate memory" in str(error)
        said = f"{type(error).__name__}: {error}".splitlines()[0]
        refused[name] = f"speed: {f'it does not fit into {device} at this size' if large else said}"


class _Stand:
    """One arm, warmed up, and what its visits have measured so far."""

    def __init__(self, lanes: Mapping[str, Lane], watch: Stopwatch) -> None:
        self.lanes, self.watch = lanes, watch
        self.times = {name: Times(lane.images) for name, lane in lanes.items()}
        self.paces = {name: self._warm(lane) for name, lane in lanes.items()}
        self.counts = dict.fromkeys(lanes, 1)

    @property
    def once(self) -> float:
        """Seconds of a visit that calls every lane once."""
        return sum(self.paces.values())

    def _warm(self, lane: Lane) -> float:
        """Call until it is steady; the seconds of a call then."""
        last = self.watch.together(lane.run, 1)
        for _ in range(PATIENCE):
            this = self.watch.together(lane.run, 1)
            if abs(this - last) <= STEADY * this:
                return this
            last = this
        return last

    def share(self, seconds: float) -> None:
        """How long a visit may take."""
        own = seconds / len(self.lanes)
        self.counts = {n: min(CALLS, max(1, int(own / pace))) for n, pace in self.paces.items()}

    def visit(self) -> Visit:
        return {name: self._timed(name, lane) for name, lane in self.lanes.items()}

    def _timed(self, name: str, lane: Lane) -> Taken:
        times, count = self.times[name], self.counts[name]
        before, start = waited(), time.perf_counter()
        if lane.apart:
            times.calls.append(self.watch.apart(lane.run, count))
            times.seconds.append(statistics.median(times.calls[-1]))
        else:
            times.seconds.append(self.watch.together(lane.run, count))
        share = (waited() - before) / (time.perf_counter() - start)
        return Taken(times.seconds[-1], share)

    def compare(self, before: Visit, own: Visit, after: Visit) -> None:
        for name in own.keys() & before.keys() & after.keys():
            three, times = [visit[name] for visit in (before, own, after)], self.times[name]
            times.between.append((three[0].seconds, three[1].seconds, three[2].seconds))
            times.waited.append(max(taken.waited for taken in three))
