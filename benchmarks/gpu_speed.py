"""Whether timings on an NVIDIA GPU are right: against another stopwatch, and against themselves.

    python benchmarks/gpu_speed.py [--only inference training equal energy]

Takes a minute. Exit status 1 when a check fails.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import timm
import torch
from torch import nn
from torch.utils.benchmark import Timer

import study.models  # noqa: F401  registers rest_lite with timm
from study.metrics import energy, machine_state, speed, workloads
from study.metrics.summaries import spreads
from study.metrics.workloads import ExecutionMode, Workload

DEVICE, SIZE, BATCH = "cuda", (3, 224, 224), 256
MODELS = ("resnet18", "rest_lite")
NEAR = 0.1
"""Of two stopwatches, relative. An H100: inference within 1.5 %, steps of training, which wait for
Python between kernels, 2 to 7 % apart."""

Line = tuple[bool, str]
"""Whether it is as it should be, and what it is."""


def model(name: str) -> nn.Module:
    torch.manual_seed(0)
    return timm.create_model(name).to(DEVICE)


def batch(name: str, way: ExecutionMode) -> Workload:
    return workloads.inference(model(name), workloads.random_images(BATCH, SIZE, DEVICE), way)


def step(name: str, way: ExecutionMode) -> Workload:
    network, loss = model(name), nn.functional.cross_entropy
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-5)
    images = workloads.random_images(64, SIZE, DEVICE)
    classes = torch.zeros(len(images), dtype=torch.long, device=DEVICE)

    def run() -> object:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(DEVICE, torch.bfloat16, enabled=way.dtype == "bfloat16"):
            value = loss(network(images), classes)
        value.backward()
        return optimizer.step()

    return Workload(run, len(images))


def compared(arms: dict[str, Callable[[], Workload]], name: str) -> Iterator[Line]:
    """Our session beside torch's Timer on the same calls."""
    workloads_of = {arm: lane() for arm, lane in arms.items()}
    taken = speed.session(
        {arm: (lambda lane=lane: {"batch": lane}) for arm, lane in workloads_of.items()},
        device=DEVICE,
        seconds=4,
    )
    for arm, why in taken.refused.items():
        yield False, f"{name} {arm}: {why}"
    for arm, times in taken.times.items():
        ours = sorted(times["batch"].seconds)[len(times["batch"].seconds) // 2]
        timer = Timer("run()", globals={"run": workloads_of[arm].run})
        theirs = timer.blocked_autorange(min_run_time=1).median
        images = workloads_of[arm].images
        ratio = spreads(times)["throughput"].ratio
        beside = f", ×{ratio.value:.4f} [{ratio.low:.4f}, {ratio.high:.4f}]" if ratio else ""
        yield (
            abs(ours / theirs - 1) < NEAR,
            (
                f"{name} {arm}: {images / ours:,.0f} images/s, Timer {images / theirs:,.0f} "
                f"({100 * (theirs / ours - 1):+.1f} %){beside}"
            ),
        )


def inference() -> Iterator[Line]:
    for dtype in ("float32", "bfloat16"):
        arms = {name: partial(batch, name, ExecutionMode(dtype)) for name in MODELS}
        yield from compared(arms, f"inference {dtype}")


def training() -> Iterator[Line]:
    arms = {name: partial(step, name, ExecutionMode("bfloat16")) for name in MODELS}
    yield from compared(arms, "training bfloat16")


def equal() -> Iterator[Line]:
    """Equal models have a ratio of 1; and twice the work has one of a half."""
    single = batch("resnet18", ExecutionMode("bfloat16"))
    twice = Workload(lambda: (single.run(), single.run()), single.images)
    arms = {"one": single, "equal": batch("resnet18", ExecutionMode("bfloat16")), "twice": twice}
    taken = speed.session(
        {arm: (lambda lane=lane: {"batch": lane}) for arm, lane in arms.items()},
        device=DEVICE,
        seconds=6,
    )
    for arm, true in (("equal", 1.0), ("twice", 0.5)):
        measured = spreads(taken.times[arm])["throughput"].ratio
        ends = f"[{measured.low:.4f}, {measured.high:.4f}]"
        near = abs(measured.value / true - 1) < 0.01
        yield near, f"{arm}: ×{measured.value:.4f} {ends}, true ×{true}"


def drawn() -> Iterator[Line]:
    """Energy is read, and is about power by throughput."""
    workloads_of = {name: batch(name, ExecutionMode("bfloat16")) for name in MODELS}
    energies = energy.joules(workloads_of, DEVICE)
    around = machine_state.machine_state(DEVICE)
    yield bool(around.get("gpu_mhz")), f"surroundings: {around}"
    yield (
        len(energies) == len(workloads_of),
        f"energy, mJ/image: { {k: [1e3 * j for j in v] for k, v in energies.items()} }",
    )


CHECKS = {"inference": inference, "training": training, "equal": equal, "energy": drawn}


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="*", choices=CHECKS, default=list(CHECKS))
    options = parser.parse_args(words)
    if not torch.cuda.is_available():
        sys.exit("there is no NVIDIA device here that torch can use")
    print(torch.cuda.get_device_name(), flush=True)
    bad = 0
    for name in options.only:
        for right, message in CHECKS[name]():
            print("  " if right else "BAD ", message, flush=True)
            bad += not right
        torch.cuda.empty_cache()
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
