"""Speed: all arms of a study timed in one session, interleaved, alone on their device.

A machine gets slower while it warms up, and shared ones change by the minute. So no arm is timed
in one piece: every round visits every arm once, in an order drawn anew, and what an arm has to
show for itself is the median of its rounds.
"""

import os
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch
from timm.layers import use_fused_attn
from torch import Tensor, nn

from study.errors import StudyError

Size = tuple[int, int, int]
"""Of an image: (C, H, W)."""

WARMUP = 3
"""Calls thrown away before the first round; the last one tells how many fit into a visit."""

CALLS = 100
"""A visit's calls at most, so that small models leave no files of a million samples."""


@dataclass(frozen=True)
class Taken:
    """How the times were taken. Times of different sessions are not comparable."""

    size: Size
    batch_size: int
    rounds: int
    threads: int
    fused_attention: bool
    """Whether timm's models were told to fuse attention, as they are not when they are counted."""
    precision: str
    """Of float32 products: "highest" is float32, anything less may be TF32."""
    load: float | None
    """What else ran: the machine's load average over the minute before."""


@dataclass(frozen=True)
class Speed:
    """The times of one arm in eval and inference mode, without loading data."""

    throughputs: list[float]
    """Images per second at `batch_size`; one per round."""
    latencies: list[list[float]]
    """Seconds for one image alone; by round, one per call."""
    taken: Taken

    @property
    def spreads(self) -> dict[str, dict[str, float]]:
        """By the names of the catalogue: the median of the rounds, the lowest and the highest.

        So that two arms that are equal are seldom told apart: all of five rounds of the one above
        all of the other's come by chance once in 126, quartiles apart once in 5.

        A round's p90 is of its own calls, and where one call fills a visit it is that call.
        """
        rounds = {
            "throughput": self.throughputs,
            "latency_p50": [quantile(calls, 0.5) for calls in self.latencies],
            "latency_p90": [quantile(calls, 0.9) for calls in self.latencies],
        }
        places = {"value": 0.5, "low": 0, "high": 1}
        return {
            metric: {name: quantile(values, place) for name, place in places.items()}
            for metric, values in rounds.items()
        }


@dataclass(frozen=True)
class Session:
    """Every arm is in one of the two."""

    speeds: dict[str, Speed]
    refused: dict[str, str]
    """Why an arm has no times."""


def quantile(values: list[float], fraction: float) -> float:
    """Interpolated linearly between the two nearest of `values`."""
    ordered = sorted(values)
    below, rest = divmod(fraction * (len(ordered) - 1), 1)
    above = min(int(below) + 1, len(ordered) - 1)
    return ordered[int(below)] * (1 - rest) + ordered[above] * rest


def session(
    arms: Mapping[str, tuple[Callable[[], nn.Module], Size]],
    *,
    device: str = "cpu",
    batch_size: int = 32,
    rounds: int = 5,
    seconds: float = 15.0,
    seed: int = 0,
    report: Callable[[int, int], object] = lambda done, total: None,
) -> Session:
    """Every arm's speed on random images of its size; the same images for the same size.

    `seconds` is for all arms together, after warming up. It bounds how often a model is called in
    a visit, but not below once, so large models on slow machines take longer. `report(done,
    total)` is told of every visit.

    An arm that cannot be built or run is refused and the others go on. A batch that does not fit
    is never made smaller, since rows at different batch sizes make no table.
    """
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    share = seconds / (2 * rounds * max(1, len(arms)))
    stands: dict[str, _Stand] = {}
    refused: dict[str, str] = {}
    refusing = partial(_refusing, refused, at=f"{device} at batch size {batch_size}")
    for name, (build, size) in arms.items():
        with refusing(name):
            images = torch.randn(batch_size, *size, generator=torch.Generator().manual_seed(seed))
            stands[name] = _Stand(build, images.to(device), share=share)
    order, draw = list(arms), random.Random(seed)
    for turn in range(rounds):
        draw.shuffle(order)
        for place, name in enumerate(order, start=1):
            if name in stands:
                with refusing(name):
                    stands[name].visit()
                if name in refused:
                    del stands[name]  # and what it holds of the device's memory
            report(turn * len(order) + place, rounds * len(order))
    return Session({name: stand.speed(load) for name, stand in stands.items()}, refused)


@contextmanager
def _refusing(refused: dict[str, str], name: str, *, at: str) -> Iterator[None]:
    """What goes wrong here with an arm becomes the reason why it has no times."""
    try:
        yield
    except torch.cuda.OutOfMemoryError:
        refused[name] = f"speed: it does not fit into {at}"
    except StudyError as error:
        refused[name] = f"speed: {error}"
    except RuntimeError as error:
        refused[name] = f"speed: {type(error).__name__}: {error}".splitlines()[0]


class _Stand:
    """One arm, warmed up, and what its visits have measured so far."""

    def __init__(self, build: Callable[[], nn.Module], images: Tensor, *, share: float) -> None:
        self.images = images
        self.throughputs: list[float] = []
        self.latencies: list[list[float]] = []
        self.model = build().eval().to(images.device)
        self.batches = self._fitting(images, share)
        self.singles = self._fitting(images[:1], share)

    def visit(self) -> None:
        seconds = self._seconds(self.images, self.batches)
        self.throughputs.append(self.batches * len(self.images) / seconds)
        self.latencies.append([self._seconds(self.images[:1], 1) for _ in range(self.singles)])

    def speed(self, load: float | None) -> Speed:
        batch_size, channels, height, width = self.images.shape
        taken = Taken(
            size=(channels, height, width),
            batch_size=batch_size,
            rounds=len(self.throughputs),
            threads=torch.get_num_threads(),
            fused_attention=use_fused_attn(),
            precision=torch.get_float32_matmul_precision(),
            load=load,
        )
        return Speed(self.throughputs, self.latencies, taken)

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
