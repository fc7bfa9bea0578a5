"""Determinism: random numbers seeded by keys alone, with torch's global state restored."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from study.tasks.training.seeding import fold


@contextmanager
def numpy_seeded(*keys: int) -> Iterator[None]:
    """Seed numpy's global state, which timm's Mixup draws from, and restore it afterwards."""
    before = np.random.get_state()
    np.random.seed(fold(*keys) % 2**32)  # numpy takes 32 bits
    try:
        yield
    finally:
        np.random.set_state(before)


@contextmanager
def forked_rng(device: str) -> Iterator[None]:
    """Restore torch's generators of the CPU and this device afterwards."""
    place = torch.device(device)
    with torch.random.fork_rng(devices=[place] if place.type == "cuda" else []):
        yield


@contextmanager
def repeatable(device: str) -> Iterator[None]:
    """Make a GPU's sums repeat to the last bit; torch warns of operators that cannot."""
    if torch.device(device).type != "cuda":
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read at the first product
    cudnn: Any = torch.backends.cudnn
    memory: Any = torch.utils.deterministic
    strict = torch.are_deterministic_algorithms_enabled()
    warned = torch.is_deterministic_algorithms_warn_only_enabled()
    before = cudnn.deterministic, memory.fill_uninitialized_memory
    # Warnings only: some operators have no deterministic form, and a model may need them.
    torch.use_deterministic_algorithms(True, warn_only=True)
    # torch would fill every new tensor, which takes time and is only for reads of unset memory.
    cudnn.deterministic, memory.fill_uninitialized_memory = True, False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(strict, warn_only=warned)
        cudnn.deterministic, memory.fill_uninitialized_memory = before


def generators(device: str) -> dict[str, Tensor]:
    """The state of the random generators of the CPU and this device."""
    states = {"cpu": torch.get_rng_state()}
    if torch.device(device).type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def set_generators(states: dict[str, Tensor], device: str) -> None:
    torch.set_rng_state(states["cpu"])
    if "cuda" in states and torch.device(device).type == "cuda":
        torch.cuda.set_rng_state(states["cuda"], device)
