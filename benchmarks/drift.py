"""What a ratio of two models' speeds is worth on a machine that others use as well.

    python benchmarks/drift.py [--quick]

Two models are timed side by side, as `study` does it, and one after the other, as others do: on a
quiet machine, and while every core is wanted by somebody else, now and then (random) or from the
moment on at which the second of two is timed (unlucky; side by side: from the middle of the
session on). What is shown is how far each way is then from what it finds when all is quiet, just
before and just after; and how far those two are apart, which nothing can better. Wants the machine
for itself, for ten minutes; `--quick` takes one, and shows less.
"""

import argparse
import math
import os
import random
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import timm
import torch

import study.models  # noqa: F401  registers rest_lite with timm
from study.metrics import speed, workloads
from study.metrics.ratios import Ratio
from study.metrics.stopwatch import Stopwatch
from study.metrics.workloads import ExecutionMode, Workload

MODELS, SIZE, BATCH = ("rest_lite", "resnet18"), (3, 64, 64), 8
SPIN = "while True: pass"
INTERLEAVED, SEQUENTIAL = "side by side", "one after the other"


class Load:
    """Processes that want every core, when they are on."""

    def __init__(self) -> None:
        cores = os.cpu_count() or 1
        self.spinning = [subprocess.Popen([sys.executable, "-c", SPIN]) for _ in range(cores)]
        self.off()

    def on(self) -> None:
        self._send(signal.SIGCONT)

    def off(self) -> None:
        self._send(signal.SIGSTOP)

    def end(self) -> None:
        self._send(signal.SIGKILL)
        for process in self.spinning:
            process.wait()

    def _send(self, number: int) -> None:
        for process in self.spinning:
            process.send_signal(number)


Halfway = Callable[[], object]
"""Called when half of the time is over."""


@contextmanager
def quiet(load: Load, draw: random.Random) -> Iterator[Halfway]:
    yield load.off


@contextmanager
def unlucky(load: Load, draw: random.Random) -> Iterator[Halfway]:
    yield load.on
    load.off()


@contextmanager
def rough(load: Load, draw: random.Random) -> Iterator[Halfway]:
    """On and off by chance, for a second or two each."""
    over = threading.Event()

    def switch() -> None:
        while True:
            load.on() if draw.random() < 0.5 else load.off()
            if over.wait(draw.expovariate(1 / 1.5)):
                return load.off()

    thread = threading.Thread(target=switch)
    thread.start()
    yield lambda: None
    over.set()
    thread.join()


LOADS = {"random": rough, "unlucky": unlucky}


def batches() -> dict[str, Workload]:
    torch.manual_seed(0)
    images = workloads.random_images(BATCH, SIZE, "cpu")
    return {
        name: workloads.inference(timm.create_model(name), images, ExecutionMode())
        for name in MODELS
    }


def side_by_side(models: dict[str, Workload], seconds: float, halfway: Halfway) -> Ratio:
    """Of the second model's throughput to the first's."""
    taken = speed.session(
        {name: (lambda lane=lane: {"batch": lane}) for name, lane in models.items()},
        seconds=seconds,
        report=lambda done, total: halfway() if done == total // 2 else None,
    )
    speed_ratio = taken.times[MODELS[1]]["batch"].ratio
    assert speed_ratio is not None  # of 3 builds and more there is one
    return speed_ratio.inverse


def one_after_the_other(models: dict[str, Workload], seconds: float, halfway: Halfway) -> Ratio:
    """The same by calls for half of the time each, after ten to warm up; without an interval."""
    first = _mean(models[MODELS[0]], seconds / 2)
    halfway()
    second = _mean(models[MODELS[1]], seconds / 2)
    value = first / second
    return Ratio(value, value, value, 1)


def _mean(lane: Workload, seconds: float) -> float:
    """Seconds of one call."""
    watch = Stopwatch("cpu")
    watch.together(lane.run, 10)
    return watch.together(lane.run, max(10, int(seconds / watch.together(lane.run, 10))))


WAYS = {INTERLEAVED: side_by_side, SEQUENTIAL: one_after_the_other}


@dataclass(frozen=True)
class Finding:
    load: str
    way: str
    before: Ratio
    """When all was quiet."""
    under: Ratio
    after: Ratio

    @property
    def off(self) -> float:
        return self.under.value / math.sqrt(self.before.value * self.after.value) - 1

    @property
    def apart(self) -> float:
        return self.after.value / self.before.value - 1

    def __str__(self) -> str:
        shown = [
            f"{each.value:6.3f}"
            + (f" [{each.low:.3f}, {each.high:.3f}]" if each.builds > 1 else "")
            for each in (self.before, self.after, self.under)
        ]
        ratios = "".join(f"{each:<24}" for each in shown)
        return f"{self.load:<9}{self.way:<21}{ratios}{100 * self.off:+7.1f} %"


def findings(repeats: int, seconds: float) -> Iterator[Finding]:
    models, load = batches(), Load()
    try:
        for turn in range(repeats):
            for name, disturbed in LOADS.items():
                for way, timed in WAYS.items():
                    ratios = []
                    for around in (quiet, disturbed, quiet):
                        with around(load, random.Random(turn)) as halfway:
                            ratios.append(timed(models, seconds, halfway))
                    yield Finding(name, way, *ratios)
    finally:
        load.end()


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one repeat of short sessions")
    parser.add_argument("--repeats", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=10.0, help="of a quiet session")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    options = parser.parse_args(words)
    repeats, seconds = (1, 4.0) if options.quick else (options.repeats, options.seconds)
    torch.set_num_threads(options.threads)
    began, rows = time.monotonic(), []
    print(f"{MODELS[1]}'s throughput by {MODELS[0]}'s, batch {BATCH}, {SIZE[1]} px", flush=True)
    heads = "".join(f"{head:<24}" for head in ("quiet", "quiet again", "under load"))
    print(f"{'load':<9}{'timed':<21}{heads}{'off by':>9}")
    for row in findings(repeats, seconds):
        rows.append(row)
        print(row, flush=True)
    print(f"\noff by, over {repeats} repeats ({time.monotonic() - began:.0f} s):")
    for name in LOADS:
        for way in WAYS:
            print(
                f"{name:<9}{way:<21}{_sizes(r.off for r in rows if (r.load, r.way) == (name, way))}"
            )
    for way in WAYS:
        print(f"{'none':<9}{way:<21}{_sizes(row.apart for row in rows if row.way == way)}")


def _sizes(offs: Iterable[float]) -> str:
    sizes = [100 * abs(off) for off in offs]
    return f"median {statistics.median(sizes):4.1f} %, at most {max(sizes):4.1f} %"


if __name__ == "__main__":
    main()
