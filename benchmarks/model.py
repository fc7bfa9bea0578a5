"""How much faster the fast paths of ResT are than its plain code, on one core.

    python benchmarks/model.py [--rounds 9] [--images 8] [--size 224] [MODEL ...]

Arms take turns within every round, in reverse order in every second one; a ratio is the median over
rounds of plain by fast, by the CPU time of this process, which other processes disturb little.
Training steps are forward, backward and a fused AdamW, plain and fast.
"""

import argparse
import copy
import statistics
import time
from collections.abc import Callable, Mapping

import timm
import torch
from torch import nn

import study.models  # noqa: F401  registers rest_lite with timm
from study.models.deploy import deployed
from study.models.fast import trainable

Call = Callable[[], object]


def inferring(model: nn.Module, images: torch.Tensor) -> Call:
    @torch.inference_mode()
    def call() -> object:
        return model(images)

    return call


def training(model: nn.Module, images: torch.Tensor) -> Call:
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    labels = torch.zeros(len(images), dtype=torch.long)

    def call() -> object:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        return optimizer.step()

    return call


def seconds(call: Call) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def ratios(calls: Mapping[str, Call], rounds: int) -> dict[str, list[float]]:
    """Plain by each call, in every round; the first call is the plain one."""
    for call in calls.values():
        call(), call()  # the first calls allocate
    base, every = next(iter(calls)), dict[str, list[float]]()
    for turn in range(rounds):
        names = [*calls][:: 1 if turn % 2 else -1]
        times = {name: seconds(calls[name]) for name in names}
        for name in calls:
            every.setdefault(name, []).append(times[base] / times[name])
    return every


def table(name: str, images: int, size: int, rounds: int) -> None:
    shape = (images, 3, size, size)
    batch, plain = torch.randn(shape), timm.create_model(name).eval()
    inference = {
        "plain": inferring(plain, batch),
        "reordered": inferring(trainable(copy.deepcopy(plain)), batch),
        "folded (timing.path: fast)": inferring(deployed(plain, (size, size)), batch),
    }
    steps = {
        "training, plain": training(copy.deepcopy(plain).train(), batch),
        "training, reordered": training(trainable(copy.deepcopy(plain)).train(), batch),
    }
    for calls in (inference, steps):
        for arm, own in ratios(calls, rounds).items():
            low, _, high = statistics.quantiles(own)
            middle = statistics.median(own)
            print(f"{name:12}{images:4} x {size}  {arm:28} x{middle:.2f} [{low:.2f}, {high:.2f}]")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("models", nargs="*", default=["rest_lite"])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--images", type=int, default=8)
    parser.add_argument("--size", type=int, default=224)
    given = parser.parse_args()
    torch.set_num_threads(1)  # the CPU time of one thread is that of its work
    for model in given.models:
        table(model, given.images, given.size, given.rounds)
