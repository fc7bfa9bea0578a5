"""Speed: all arms of a study timed in one session, interleaved, alone on their device.

A machine gets slower while it warms up, and shared ones change by the minute. So no arm is timed
in one piece: every round visits every arm once, in an order drawn anew, and what an arm has to
show for itself is the median of its rounds.
"""

import os
import platform
import random
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from timm.layers import use_fused_attn
from torch import Tensor, nn

from study.errors import MetricError

VARIABLES = ("MALLOC_", "OMP_", "KMP_", "GOMP_", "MKL_", "LD_PRELOAD", "PYTORCH_")
"""Begins the names of environment variables that change times; the allocator's by up to 1.7x."""

WARMUP = 3
"""Calls thrown away before the first round; the last one tells how many fit into a visit."""

CALLS = 100
"""A visit's calls at most, so that small models leave no files of a million samples."""


@dataclass(frozen=True)
class Taken:
    """How the times were taken. Times of different sessions are not comparable."""

    device: str
    size: tuple[int, int, int]
    batch_size: int
    rounds: int
    threads: int
    fused_attention: bool
    """Whether timm's models were told to fuse attention, as they are not when they are counted."""
    precision: str
    """Of float32 products: "highest" is float32, anything less may be TF32."""
    load: float | None
    """What else ran: the machine's load average over the minute before."""
    torch: str
    environment: dict[str, str]


@dataclass(frozen=True)
class Speed:
    """The times of one arm in eval and inference mode, without loading data."""

    throughputs: list[float]
    """Images per second at `batch_size`; one per round."""
    latencies: list[float]
    """Seconds for one image alone; one per call, of all rounds."""
    taken: Taken

    @property
    def measurements(self) -> dict[str, float]:
        """By the names of the catalogue; throughput is the median of the rounds."""
        return {
            "throughput": statistics.median(self.throughputs),
            "latency_p50": quantile(self.latencies, 0.5),
            "latency_p90": quantile(self.latencies, 0.9),
        }

    @property
    def quartiles(self) -> tuple[float, float]:
        """Of the rounds' throughputs: what the session itself varied by."""
        return quantile(self.throughputs, 0.25), quantile(self.throughputs, 0.75)


def quantile(values: list[float], fraction: float) -> float:
    """Interpolated linearly between the two nearest of `values`."""
    ordered = sorted(values)
    below, rest = divmod(fraction * (len(ordered) - 1), 1)
    above = min(int(below) + 1, len(ordered) - 1)
    return ordered[int(below)] * (1 - rest) + ordered[above] * rest


def session(
    arms: Mapping[str, Callable[[], nn.Module]],
    size: tuple[int, int, int],
    *,
    device: str = "cpu",
    batch_size: int = 32,
    rounds: int = 5,
    seconds: float = 15.0,
    seed: int = 0,
    report: Callable[[int, int], object] = lambda done, total: None,
) -> dict[str, Speed]:
    """Every arm's speed on the same random images of `size` (C, H, W).

    `seconds` is for all arms together, after warming up. It bounds how often a model is called in
    a visit, but not below once, so large models on slow machines take longer. `report(done,
    total)` is told of every visit.

    Raises:
        MetricError: an arm does not fit into the device's memory at this batch size. The batch is
            never made smaller, since rows at different batch sizes make no table.
    """
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    taken = _taken(device, size, batch_size=batch_size, rounds=rounds, load=load)
    images = torch.randn(batch_size, *size, generator=torch.Generator().manual_seed(seed))
    share = seconds / (2 * rounds * max(1, len(arms)))
    stands = {
        name: _Stand(name, build, images=images.to(device), share=share)
        for name, build in arms.items()
    }
    order, draw = list(stands), random.Random(seed)
    for turn in range(rounds):
        draw.shuffle(order)
        for place, name in enumerate(order, start=1):
            stands[name].visit()
            report(turn * len(order) + place, rounds * len(order))
    return {name: Speed(arm.throughputs, arm.latencies, taken) for name, arm in stands.items()}


class _Stand:
    """One arm, warmed up, and what its visits have measured so far."""

    def __init__(
        self, name: str, build: Callable[[], nn.Module], *, images: Tensor, share: float
    ) -> None:
        self.images = images
        self.throughputs: list[float] = []
        self.latencies: list[float] = []
        try:
            self.model = build().eval().to(images.device)
            self.batches = self._fitting(images, share)
            self.singles = self._fitting(images[:1], share)
        except torch.cuda.OutOfMemoryError as error:
            raise MetricError(
                f'speed: arm "{name}" does not fit into {images.device} at batch size {len(images)}'
            ) from error

    def visit(self) -> None:
        seconds = self._seconds(self.images, self.batches)
        self.throughputs.append(self.batches * len(self.images) / seconds)
        self.latencies += [self._seconds(self.images[:1], 1) for _ in range(self.singles)]

    def _fitting(self, images: Tensor, share: float) -> int:
        """How many calls fit into a visit's `share` of seconds."""
        pace = [self._seconds(images, 1) for _ in range(WARMUP)][-1]
        return min(CALLS, max(1, int(share / pace)))

    @torch.inference_mode()
    def _seconds(self, images: Tensor, calls: int) -> float:
        """What `calls` calls take, one behind the other, until the device has finished.

        Not torch.utils.benchmark's Timer: it throws two calls away at every measurement, which
        costs more than the rounds themselves, and averages single calls over blocks.
        """
        _wait_for(images.device)
        start = time.perf_counter()
        for _ in range(calls):
            self.model(images)
        _wait_for(images.device)
        return time.perf_counter() - start


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _taken(
    device: str, size: tuple[int, int, int], *, batch_size: int, rounds: int, load: float | None
) -> Taken:
    return Taken(
        device=_name(device),
        size=size,
        batch_size=batch_size,
        rounds=rounds,
        threads=torch.get_num_threads(),
        fused_attention=use_fused_attn(),
        precision=torch.get_float32_matmul_precision(),
        load=load,
        torch=torch.__version__,
        environment={k: v for k, v in sorted(os.environ.items()) if k.startswith(VARIABLES)},
    )


def _name(device: str) -> str:
    if torch.device(device).type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        with open("/proc/cpuinfo") as lines:
            return next(
                line.split(":")[1].strip() for line in lines if line.startswith("model name")
            )
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
