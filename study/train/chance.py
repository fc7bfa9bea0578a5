"""Global random state: seeded by keys alone, and left as it was found."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor


def fold(*keys: int) -> int:
    """One 63-bit seed from several keys; the number of keys counts too."""
    words = np.random.SeedSequence([len(keys), *keys]).generate_state(1, np.uint64)
    return int(words[0] >> 1)


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
