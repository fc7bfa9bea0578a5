"""Speed: all arms in one session, in rounds, each visit between two visits of the baseline.

A machine gets slower while it warms up, and a shared one changes by the second. So no arm is timed
in one piece: every round visits every arm in a random order, with a visit of the baseline before
and after it. A slowdown that affects neighbours alike cancels in their ratio (`ratios.py`).

Two instances of one model differ by several per cent, by where their weights and buffers lie in
memory. So a session builds all arms anew several times, and a second instance of the baseline is
timed as an arm of its own. Rounds that other processes disturbed are recognized by how long threads
waited for a CPU. Levels are medians over rounds and compare within one session only.
"""

import gc
import os
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import inf
from typing import NamedTuple

import torch

from study.errors import MetricError
from study.metrics.build_plan import BuildPlan, Costs, build_plan, more_builds
from study.metrics.energy import joules
from study.metrics.ratios import Ratio
from study.metrics.stopwatch import Stopwatch
from study.metrics.timed_arm import CALLS, TimedArm, Visit, refusing
from study.metrics.times import SpeedSession, Times
from study.metrics.warm_up import reach_pace, steady_pace
from study.metrics.workloads import Workload

Workloads = Callable[[], Mapping[str, Workload]]
"""Builds an arm; returns its workloads by name."""

AGAIN = "baseline again"
"""The name of the baseline's second instance; those of arms are digests."""
PADDING = (8, 64 * 1024)
"""Most blocks of memory between two models, and most bytes of each: several pages of 4 KiB."""


class Fixed(NamedTuple):
    """A session of a fixed size, whatever time it takes."""

    builds: int
    rounds: int


def session(
    arms: Mapping[str, Workloads],
    *,
    device: str = "cpu",
    seconds: float = 15.0,
    resolution: float = 0.05,
    fixed: Fixed | None = None,
    energy: str = "",
    seed: int = 0,
    report: Callable[[int, int], object] = lambda done, total: None,
) -> SpeedSession:
    """The times of every arm; the first is the baseline.

    `seconds` is the time of all rounds together. It decides the number of builds (8 to 40), of
    rounds (10 to 40) and of calls per visit (at least 1). Builds take up to as long again. If an
    interval is then wider than `resolution`, further builds follow while the whole session takes
    less than twice the time of one build with its rounds; where 8 builds take longer than that,
    there are fewer. `energy` names the workload whose energy is measured, if any.
    `report(done, total)` is called after every round.

    An arm that cannot be built or run is refused, and the others continue; without the baseline
    there are no ratios. A batch that does not fit is not made smaller, because rows with different
    batch sizes cannot be compared.
    """
    running = _Running(arms, device, random.Random(seed), report)
    with _collecting_models_alone():
        if not running.first_build():
            return running.result
        plan = BuildPlan(*fixed, inf, inf) if fixed else build_plan(running.costs, seconds)
        running.share(plan, seconds)
        running.take(plan, plan.builds, plan.limit)
        if not fixed:
            running.take(plan, more_builds(running.ratios, resolution, plan), plan.most)
        return running.finished(energy)


@contextmanager
def _collecting_models_alone() -> Iterator[None]:
    """Let the garbage collector pass over what is there already."""
    # To look through the libraries would take half a second for each build.
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


class _Running:
    """A session under way: the arms of the present build, and the times so far."""

    def __init__(
        self,
        arms: Mapping[str, Workloads],
        device: str,
        draw: random.Random,
        report: Callable[[int, int], object],
    ) -> None:
        self.base, self.device, self.draw, self.report = next(iter(arms), ""), device, draw, report
        # The last, so that no other arm is refused for the memory that it takes.
        self.builds = {**arms, **({AGAIN: arms[self.base]} if len(arms) > 1 else {})}
        self.watch = Stopwatch(device)
        self.result = SpeedSession({}, {})
        self.arms = dict[str, TimedArm]()
        self.times: dict[str, dict[str, Times]] = {name: {} for name in self.builds}
        self.paces: dict[str, dict[str, float]] = {name: {} for name in self.builds}
        self.counts = dict[str, dict[str, int]]()
        self.padding = list[torch.Tensor]()
        self.built = dict[str, float]()
        self.begun, self.first = time.monotonic(), 0.0

    # ---- builds ----

    def first_build(self) -> bool:
        """Build and warm up every arm; True if any runs."""
        for name in self.builds:
            if name != AGAIN or self.base in self.arms:
                self._build(name, RuntimeError)
        self.first = time.monotonic() - self.begun
        self.result.builds = 1 if self.arms else 0
        return bool(self.arms)

    def _rebuild(self) -> None:
        """Build every arm anew, in random order and elsewhere in memory."""
        names = [*self.arms]
        self.arms.clear()
        # Models keep themselves alive by cycles, and two builds may not fit side by side.
        gc.collect()
        # In a fixed order, one arm would always get the memory that another has left.
        self.draw.shuffle(names)
        # The former padding lives until the new one exists, so that it does not lie there too.
        former, self.padding = self.padding, []
        for name in names:
            self._pad()
            self._build(name)
        del former
        self.result.builds += 1

    def _pad(self) -> None:
        """Keep blocks of random sizes, so that what follows gets other addresses."""
        most, largest = PADDING
        self.padding += [
            torch.empty(self.draw.randrange(16, largest), dtype=torch.uint8, device=self.device)
            for _ in range(self.draw.randrange(most))
        ]

    def _build(self, name: str, errors: type[Exception] = Exception) -> None:
        # Where no model runs, an error of another type is a bug of ours.
        with refusing(self.result.refused, name, self.device, errors):
            self.arms[name] = self._warmed(name)

    def _warmed(self, name: str) -> TimedArm:
        """The arm with the workloads that run; the reasons of others are kept as unfit.

        Raises:
            MetricError: none of them runs.
        """
        unfit, paces = self.result.unfit.setdefault(name, {}), self.paces[name]
        begun = time.monotonic()
        workloads = dict(self.builds[name]())
        self.built[name] = time.monotonic() - begun
        for key, workload in workloads.items():
            if key in unfit:
                continue
            # A large batch may not fit where a small one does.
            with refusing(unfit, key, self.device):
                if key in paces:
                    reach_pace(workload, self.watch, paces[key])
                else:
                    paces[key] = steady_pace(workload, self.watch)
        able = {key: workload for key, workload in workloads.items() if key not in unfit}
        if not able:
            raise MetricError("; ".join(dict.fromkeys(unfit.values())))
        times = self.times[name]
        for key, workload in able.items():
            times.setdefault(key, Times(workload.images))
        return TimedArm(able, times, self.watch)

    # ---- the size of the session ----

    @property
    def costs(self) -> Costs:
        calls = {name: sum(self.paces[name].values()) for name in self.arms}
        # One visit of each arm, and one more of the baseline for each other arm.
        once = sum(calls.values()) + calls.get(self.base, 0.0) * (len(calls) - 1)
        # The very first model is built while libraries are imported, its second instance is not.
        again = {self.base: self.built[AGAIN]} if AGAIN in self.built else {}
        building = sum({**self.built, **again}.values())
        return Costs(self.first, building, sum(calls.values()), once)

    def share(self, plan: BuildPlan, seconds: float) -> None:
        """Set the number of calls so that all visits take about so many seconds."""
        visits = 2 * len(self.arms) - (self.base in self.arms)
        each = seconds / plan.total / visits
        for name in self.arms:
            own = each / len(self.paces[name])
            self.counts[name] = {
                key: min(CALLS, max(1, int(own / pace))) for key, pace in self.paces[name].items()
            }

    @property
    def ratios(self) -> dict[str, Ratio | None]:
        """The ratio of every arm and workload."""
        every = (
            (name, key, times) for name in self.arms for key, times in self.times[name].items()
        )
        return {f"{name} {key}": times.ratio for name, key, times in every}

    # ---- rounds ----

    def take(self, plan: BuildPlan, builds: int, limit: float) -> None:
        """Take the rounds of all builds up to number `builds`, but begin none after `limit`."""
        while (build := self.result.rounds // plan.rounds) < builds and self.arms:
            if build >= self.result.builds:
                spent = time.monotonic() - self.begun
                if spent + (spent - self.first) / build > limit:
                    return
                self._rebuild()
            for _ in range(plan.rounds):
                self.result.loads += [os.getloadavg()[0]] if hasattr(os, "getloadavg") else []
                self._round(build)
                self.result.rounds += 1
                self.report(self.result.rounds, builds * plan.rounds)

    def _round(self, build: int) -> None:
        """Visit all arms; a visit of the baseline between two arms serves both."""
        others = [name for name in self.builds if name != self.base]
        # In a fixed order, an arm would always follow the same neighbour.
        self.draw.shuffle(others)
        before = self._visited(self.base)
        for name in others:
            if (own := self._visited(name)) is None:
                continue
            after = self._visited(self.base)
            if before and after:
                self.arms[name].compare(before, own, after, build=build)
            # The visit after this arm is the one before the next.
            before = after

    def _visited(self, name: str) -> Visit | None:
        if name not in self.arms:
            return None
        with refusing(self.result.refused, name, self.device):
            return self.arms[name].visit(self.counts[name])
        # Reached only if the visit raised, as `refusing` swallows the error.
        del self.arms[name]  # also frees its memory on the device
        gc.collect()
        return None

    # ---- the end ----

    def finished(self, energy: str) -> SpeedSession:
        """The session's result, with the joules of the workload `energy` if it has a name."""
        result = self.result
        for by_arm in (result.refused, result.unfit):
            by_arm.pop(AGAIN, None)  # it is no arm of the study
        able = {name: self._times(name) for name in self.builds if name in self.arms}
        result.again = able.pop(AGAIN, {})
        result.times = able
        self.report(result.rounds, result.rounds)  # fewer than planned where time has run out
        if energy:
            # After the rounds, since energy needs arms that run alone and without pause.
            timed = {name: self.arms[name].workloads for name in able}
            runs = {name: own[energy] for name, own in timed.items() if energy in own}
            result.joules = joules(runs, self.device)
        return result

    def _times(self, name: str) -> dict[str, Times]:
        # A workload that failed in a later build has times of the builds before.
        unfit = self.result.unfit.get(name, {})
        return {key: times for key, times in self.times[name].items() if key not in unfit}
