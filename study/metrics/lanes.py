"""The ways in which a model is timed, each as something to call again and again."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class Lane:
    run: Callable[[], object]
    images: int
    """In one call."""
    apart: bool = False
    """Whether every call is waited for, as one image's user does."""


@dataclass(frozen=True)
class Way:
    """How a model is run, besides on how many images."""

    dtype: str = "float32"
    """Of autocast, where it is not float32; weights stay as they are."""
    compiled: bool = False
    channels_last: bool = False

    @property
    def said(self) -> str:
        words = [self.dtype, "compiled" if self.compiled else "eager"]
        return ", ".join([*words, *(["channels-last"] if self.channels_last else [])])


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
    return (torch.compile(model) if way.compiled else model), images  # type: ignore[return-value]


def _cast(images: Tensor, way: Way) -> torch.autocast:
    kind = images.device.type
    return torch.autocast(kind, DTYPES[way.dtype], enabled=way.dtype != "float32")
