"""The ways in which a model is timed, each as something to call again and again."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from study.metrics.ways import Way

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class Lane:
    run: Callable[[], object]
    images: int
    """In one call."""
    apart: bool = False
    """Whether every call is waited for, as one image's user does."""


def noise(count: int, size: tuple[int, int, int], device: str, *, seed: int = 0) -> Tensor:
    """Images (B, C, H, W), the same for the same shape."""
    drawn = torch.randn(count, *size, generator=torch.Generator().manual_seed(seed))
    return drawn.to(device)


def inference(model: nn.Module, images: Tensor, way: Way, *, apart: bool = False) -> Lane:
    """A forward pass in eval and inference mode."""
    model, images = _laid_out(model.eval(), images, way)

    @torch.inference_mode()
    def run() -> object:
        with _cast(images, way):
            return model(images)

    return Lane(run, len(images), apart)


def training(
    model: nn.Module, images: Tensor, way: Way, *, loss: Callable[[Tensor, Tensor], Tensor],
    optimizer: torch.optim.Optimizer,
) -> Lane:  # fmt: skip
    """Forward, backward and an update, on images of noise; BatchNorm needs two of them."""
    model, images = _laid_out(model.train(), images, way)
    target = torch.zeros(len(images), dtype=torch.long, device=images.device)

    def run() -> object:
        optimizer.zero_grad(set_to_none=True)
        with _cast(images, way):
            value = loss(model(images), target)
        value.backward()  # type: ignore[no-untyped-call]
        return optimizer.step()

    return Lane(run, len(images))


def _laid_out(model: nn.Module, images: Tensor, way: Way) -> tuple[nn.Module, Tensor]:
    if way.channels_last:
        model = model.to(memory_format=torch.channels_last)
        images = images.to(memory_format=torch.channels_last)
    return (_compiled(model) if way.compiled else model), images


def _compiled(model: nn.Module) -> nn.Module:
    """For shapes as they come, however many arms of its class there are.

    Left alone, the second arm would be compiled for shapes that vary, and the ninth not at all.
    """
    torch._dynamo.config.cache_size_limit = torch._dynamo.config.accumulated_cache_size_limit
    return torch.compile(model, dynamic=False)  # type: ignore[return-value]


def _cast(images: Tensor, way: Way) -> torch.autocast:
    kind = images.device.type
    return torch.autocast(kind, DTYPES[way.dtype], enabled=way.dtype != "float32")
