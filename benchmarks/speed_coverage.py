"""How often the intervals of speed ratios contain 1 for a model and other instances of it.

    python benchmarks/speed_coverage.py [--sessions 6] [--cpu-time]

Each session is a process of its own and times a model against two more of the same: two ratios that
are 1, for batches and for single images. `builds` is the interval of a session, over models that
are built anew; `one build` is that of as many rounds of models that are built once. A machine that
others use widens both, and hides what sets them apart: `--cpu-time` counts the seconds in which the
process had a CPU, instead of those of a clock.
"""

import argparse
import json
import math
import os
import statistics
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple

from study.launch.supervisor import ALLOCATOR
from study.metrics.ratios import ratio

MODELS = ("test_resnet", "test_vit", "mobilenetv3_small_050", "rest_lite", "resnet18")
SIZE, BATCH = (3, 96, 96), 4
WAYS = {"builds": (10, 2), "one build": (1, 20)}
"""Builds, and rounds of each."""


class Interval(NamedTuple):
    """One ratio of a session."""

    way: str
    workload: str
    low: float
    high: float
    seconds: float
    """Time of the whole session."""

    @property
    def has_one(self) -> bool:
        return self.low <= 1 <= self.high

    @property
    def width(self) -> float:
        return math.log(self.high / self.low)


def workloads(model: str) -> dict[str, object]:
    import timm

    from study.metrics import workloads as calls

    network, mode = timm.create_model(model), calls.ExecutionMode()
    images = calls.random_images(BATCH, SIZE, "cpu")
    return {
        "batch": calls.inference(network, images, mode),
        "single": calls.inference(network, images[:1], mode, apart=True),
    }


def intervals(options: argparse.Namespace, model: str, seed: int) -> Iterator[Interval]:
    """The intervals of one session each way."""
    from study.metrics import speed

    for way in options.ways:
        size = WAYS[way]
        arms, begun = dict.fromkeys("abc", lambda: workloads(model)), time.monotonic()
        taken = speed.session(
            arms,  # type: ignore[arg-type]
            seconds=options.seconds,
            fixed=speed.Fixed(*size),
            seed=seed,
        )
        spent = time.monotonic() - begun
        for arm in "bc":
            for workload, times in taken.times[arm].items():
                # Of one build, rounds are all there is to take an interval from.
                units = times.builds if way == "builds" else range(len(times.between))
                if own := ratio(times.between, units):
                    yield Interval(way, workload, own.low, own.high, spent)


def session(options: argparse.Namespace, model: str, threads: int, seed: int) -> list[Interval]:
    """The intervals of one session, in a child process."""
    import torch

    from study.metrics import stopwatch

    read, write = os.pipe()
    # No tensor was computed so far, so there is no pool of threads that a fork would lose.
    if os.fork() == 0:
        torch.set_num_threads(threads)
        if options.cpu_time:
            stopwatch.time.perf_counter = time.process_time  # type: ignore[assignment]
        with os.fdopen(write, "w") as file:
            json.dump([*intervals(options, model, seed)], file)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as file:
        rows = json.load(file)
    os.wait()
    return [Interval(*values) for values in rows]


def row(model: str, threads: object, way: str, taken: list[Interval]) -> str:
    own = [interval for interval in taken if interval.way == way]
    texts = []
    for workload in ("batch", "single"):
        has = [interval.has_one for interval in own if interval.workload == workload]
        texts.append(f"{sum(has)} of {len(has)}")
    width = 100 * statistics.median(interval.width for interval in own)
    took = statistics.median(interval.seconds for interval in own)
    start = f"{model:<22}{threads!s:>7}  {way:<10}{texts[0]:>12}{texts[1]:>12}"
    return f"{start}{width:8.1f} %{took:7.1f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sessions", type=int, default=6, help="of each model and thread count")
    parser.add_argument("--seconds", type=float, default=4.0, help="of all rounds of a session")
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--ways", nargs="+", default=[*WAYS], choices=WAYS)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--cpu-time", action="store_true", help="a clock that stops for others")
    options = parser.parse_args()
    # As workers run, whose allocator reads these when it starts.
    if any(os.environ.get(name) != value for name, value in ALLOCATOR.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ALLOCATOR})
    import timm  # noqa: F401  once, before sessions are forked

    import study.models  # noqa: F401  registers rest_lite with timm

    print(f"batches of {BATCH} and single images, {SIZE[1]} px; load {os.getloadavg()[0]:.1f}")
    heads = f"{'batch has 1':>12}{'single':>12}{'width':>10}{'took':>9}"
    print(f"{'model':<22}{'threads':>7}  {'interval':<10}{heads}", flush=True)
    every = list[Interval]()
    for threads in options.threads:
        for model in options.models:
            seeds = range(options.sessions)
            taken = [own for seed in seeds for own in session(options, model, threads, seed)]
            every += taken
            for way in options.ways:
                print(row(model, threads, way, taken), flush=True)
    for way in options.ways:
        has = [interval.has_one for interval in every if interval.way == way]
        share = 100 * statistics.mean(has)
        print(f"{row('all', '', way, every)}  {share:.0f} %")


if __name__ == "__main__":
    main()
