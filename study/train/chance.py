"""What chance decides: seeded by keys alone, and torch's global state left as it was found."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from study.seeding import fold


@contextmanager
def numpy_seeded(*keys: int) -> Iterator[None]:
    """numpy's global state, which timm's Mixup draws from, seeded here and afterwards as before."""
    before = np.random.get_state()
    np.random.seed(fold(*keys) % 2**32)
    try:
        yield
    finally:
        np.random.set_state(before)


@contextmanager
def undisturbed(device: str) -> Iterator[None]:
    """Whatever is drawn here of torch, on the CPU and this device, changes nothing outside."""
    place = torch.device(device)
    with torch.random.fork_rng(devices=[place] if place.type == "cuda" else []):
        yield


@contextmanager
def repeatable(device: str) -> Iterator[None]:
    """A GPU's sums are of the same bits every time here; operators that cannot are warned of."""
    if torch.device(device).type != "cuda":
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read at the first product
    cudnn: Any = torch.backends.cudnn
    memory: Any = torch.utils.deterministic
    strict = torch.are_deterministic_algorithms_enabled()
    warned = torch.is_deterministic_algorithms_warn_only_enabled()
    before = cudnn.deterministic, memory.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True, warn_only=True)
    cudnn.deterministic, memory.fill_uninitialized_memory = True, False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(strict, warn_only=warned)
        cudnn.deterministic, memory.fill_uninitialized_memory = before


def generators(device: str) -> dict[str, Tensor]:
    """The state of those that a model draws from: the CPU's, and this device's."""
    states = {"cpu": torch.get_rng_state()}
    if torch.device(device).type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def set_generators(states: dict[str, Tensor], device: str) -> None:
    torch.set_rng_state(states["cpu"])
    if "cuda" in states and torch.device(device).type == "cuda":
        torch.cuda.set_rng_state(states["cuda"], device)
