import os

import pytest
import torch
from torch import nn

from study.errors import MetricError
from study.metrics import memory
from study.metrics.memory import peak_memory

pytestmark = pytest.mark.skipif(
    not os.access("/proc/self/clear_refs", os.W_OK), reason="the kernel tells no peak"
)
MIB = 2**20


def step(width: int = 512, batch: int = 2048, depth: int = 3) -> None:
    layers = (nn.Linear(width, width, bias=False) for _ in range(depth))
    nn.Sequential(*layers)(torch.zeros(batch, width)).sum().backward()


@pytest.mark.heavy
def test_the_peak_is_the_sum_of_the_tensors():
    """At its worst the backward pass of the last of 3 layers holds 3 weights of 1 MiB, their
    3 inputs of 4 MiB, the gradients of its output and input, and that of its weight."""
    assert peak_memory(step) == pytest.approx((3 * 1 + 3 * 4 + 2 * 4 + 1) * MIB, rel=0.02)


@pytest.mark.heavy
def test_what_the_parent_did_before_does_not_matter():
    fresh = peak_memory(step)
    rubbish = [torch.zeros(1000, n) for n in range(1, 200)]
    del rubbish[::2]
    step()
    assert peak_memory(step) == pytest.approx(fresh, rel=0.02)


@pytest.mark.heavy
def test_a_child_of_a_parent_with_threads_does_not_hang(monkeypatch):
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    step()
    monkeypatch.setattr(memory, "TIMEOUT", 60)
    try:
        assert peak_memory(step) > 0
    finally:
        torch.set_num_threads(threads)


@pytest.mark.heavy
def test_a_larger_batch_needs_more():
    def training(batch: int) -> int:
        def convolve() -> None:
            images = torch.zeros(batch, 3, 64, 64)
            nn.Conv2d(3, 32, 3)(images).relu().sum().backward()

        return peak_memory(convolve)

    assert training(16) > 1.5 * training(8)


@pytest.mark.heavy
def test_the_step_leaves_nothing_behind():
    weight, state = torch.zeros(3, requires_grad=True), torch.get_rng_state()
    peak_memory(lambda: (weight * torch.rand(3)).sum().backward())
    assert weight.grad is None
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("status", [0, 3])
def test_a_child_that_ends_without_a_number_is_an_error(status):
    with pytest.raises(MetricError, match=f"status {status}"):
        peak_memory(lambda: os._exit(status))


def test_a_child_that_hangs_is_an_error(monkeypatch):
    monkeypatch.setattr(memory, "TIMEOUT", 0.2)
    read, _ = os.pipe()
    with pytest.raises(MetricError, match="hung"):
        peak_memory(lambda: os.read(read, 1))


def test_a_device_that_tells_nothing_is_an_error():
    with pytest.raises(MetricError, match='"meta"'):
        peak_memory(step, "meta")


def test_a_step_that_does_not_fit_into_the_device_is_an_error():
    def large():
        raise torch.cuda.OutOfMemoryError("tried to allocate 1 TiB")

    with pytest.raises(MetricError, match="does not fit into cuda:0"):
        peak_memory(large, "cuda:0")


def test_a_replaced_allocator_is_an_error(monkeypatch):
    monkeypatch.setenv("LD_PRELOAD", "/usr/lib/libjemalloc.so.2")
    with pytest.raises(MetricError, match="glibc"):
        peak_memory(step)
