"""Seeding: random numbers that depend on their keys alone, not on earlier draws elsewhere."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from study.tasks.training.seeding import fold


def generator(*keys: int, device: str = "cpu") -> torch.Generator:
    """A torch generator seeded by several keys."""
    return torch.Generator(device).manual_seed(fold(*keys))


@contextmanager
def seeded(*keys: int) -> Iterator[None]:
    """Seed the global CPU generators of Python, numpy and torch, and restore them afterwards."""
    before = random.getstate(), np.random.get_state(), torch.get_rng_state()
    seed = fold(*keys)
    random.seed(seed)
    # numpy takes 32 bits, where torch and Python take more.
    np.random.seed(seed % 2**32)
    # Not torch.manual_seed, which would seed the generators of GPUs too and not restore them.
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])
        torch.set_rng_state(before[2])
