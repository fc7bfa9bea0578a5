"""Workloads that are timed: functions that run a model once, on random images."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn

from study.errors import MetricError
from study.metrics.execution import ExecutionMode

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


@dataclass(frozen=True)
class Workload:
    """A function to time."""

    run: Callable[[], object]
    images: int
    """Images per call."""
    apart: bool = False
    """Time each call by itself, as the user of a single image waits for it."""


def lazily(build: Callable[[], Workload], images: int) -> Workload:
    """The workload of `build`, which is called in the first run: it may need memory."""
    # The first run is one of the warm-up, so no timed run builds.
    built = cache(build)
    return Workload(lambda: built().run(), images)


def random_images(count: int, size: tuple[int, int, int], device: str, *, seed: int = 0) -> Tensor:
    """Random images (B, C, H, W), the same for the same shape and seed."""
    # Drawn on the CPU, whose generator gives the same numbers on every machine.
    images = torch.randn(count, *size, generator=torch.Generator().manual_seed(seed))
    return images.to(device)


def refuse_emulated(mode: ExecutionMode, device: str) -> None:
    """Raises MetricError for a number format that the device would only pretend to have."""
    if mode.dtype != "bfloat16" or not device.startswith("cuda"):
        return
    # Emulated bfloat16 runs, but its speed says nothing about the model.
    if not torch.cuda.is_bf16_supported(including_emulation=False):
        raise MetricError(f"{torch.cuda.get_device_name(device)} has no bfloat16; use float32")


def inference(
    model: nn.Module, images: Tensor, mode: ExecutionMode, *, apart: bool = False
) -> Workload:
    """A forward pass in eval mode, without autograd."""
    model, images = _laid_out(model.eval(), images, mode)

    # Not no_grad, which still keeps the version counters of tensors.
    @torch.inference_mode()
    def run() -> object:
        with _cast(images, mode):
            return model(images)

    return Workload(run, len(images), apart)


def _laid_out(model: nn.Module, images: Tensor, mode: ExecutionMode) -> tuple[nn.Module, Tensor]:
    if mode.channels_last:
        model = model.to(memory_format=torch.channels_last)
        images = images.to(memory_format=torch.channels_last)
    return (_compiled(model) if mode.compiled else model), images


def _compiled(model: nn.Module) -> nn.Module:
    """Compile a model for fixed shapes, however many arms share its class.

    By default torch compiles the second arm for varying shapes, and the ninth not at all.
    """
    # 8 by default, which all arms of a class share; torch's accumulated limit is far larger.
    torch._dynamo.config.cache_size_limit = torch._dynamo.config.accumulated_cache_size_limit
    return torch.compile(model, dynamic=False)  # type: ignore[return-value]


def _cast(images: Tensor, mode: ExecutionMode) -> torch.autocast:
    # float32 runs without autocast, and so in the precision of the weights.
    kind = images.device.type
    return torch.autocast(kind, DTYPES[mode.dtype], enabled=mode.dtype != "float32")
