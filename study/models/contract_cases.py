"""Cases of the contract: ways to build a part or model, an image for each, the expected shape."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import torch
from timm.models import get_pretrained_cfg
from torch import Tensor, nn

from study.models import SLOTS, factory
from study.models.multiply_adds import halved
from study.models.parts.reductions import reduced

Shape = tuple[int, ...]


@dataclass(frozen=True)
class ContractCase:
    """One way to build a part or model, the size of an image for it, and the expected output."""

    build: Callable[[str], nn.Module]
    """Builds a new module on a device."""
    doc: str | None
    arguments: str
    """The constructor's arguments as text."""
    image: tuple[int, int, int]
    result: Shape
    """The expected shape of the output; like `image` without the batch dimension."""

    def images(self, batch: int = 2, device: str = "cpu") -> Tensor:
        return torch.randn(batch, *self.image, device=device)


PartShapes = tuple[Shape | tuple[int, Shape], tuple[int, int, int], Shape]
"""Constructor arguments, shape of the image, expected shape of the output."""


# The sizes below are odd, oblong and smaller than a window on purpose: rounding and padding differ
# between parts exactly there.


def stems() -> Iterator[PartShapes]:
    sizes = ((64, 64), (33, 50), (65, 97), (70, 31))
    for (in_chans, C), (H, W) in product(((3, 16), (1, 48)), sizes):
        yield (in_chans, C), (in_chans, H, W), (C, halved(halved(H)), halved(halved(W)))


def embeddings() -> Iterator[PartShapes]:
    sizes = ((16, 16), (9, 13), (2, 5))
    for (channels, C), (H, W) in product(((16, 32), (48, 96), (16, 16)), sizes):
        yield (channels, C), (channels, H, W), (C, halved(H), halved(W))


def reductions() -> Iterator[PartShapes]:
    built = ((16, 2), (48, 3), (16, 4), (48, 5), (16, 7), (48, 8))
    for (C, ratio), (H, W) in product(built, ((24, 16), (9, 13), (2, 5))):
        yield (C, ratio), (C, H, W), (C, reduced(H, ratio), reduced(W, ratio))


def positions() -> Iterator[PartShapes]:
    for C, (H, W) in product((16, 48), ((8, 8), (5, 7), (12, 3))):
        yield (C, (8, 8)), (C, H, W), (C, H, W)


CASES: dict[str, Callable[[], Iterator[PartShapes]]] = {
    "stem": stems,
    "embedding": embeddings,
    "reduction": reductions,
    "position": positions,
}


def part_cases(slot: str, name: str) -> Iterator[ContractCase]:
    part = SLOTS[slot][name]
    for arguments, image, result in CASES[slot]():

        def build(device: str, arguments: Any = arguments) -> nn.Module:
            with torch.device(device):  # as in factory.created: parts may ignore `device`
                return part(*arguments, device=device, dtype=None)

        # An instance without a docstring of its own has that of its type (functools.partial, say).
        doc = part.__doc__ if part.__doc__ != type(part).__doc__ else None
        yield ContractCase(build, doc, f"built with {arguments}", image, result)


def model_cases(name: str) -> Iterator[ContractCase]:
    """Two cases for a timm model, at the input size of its timm configuration or at 64 px."""
    cfg = get_pretrained_cfg(name)
    side = cfg.input_size[-1] if cfg else 64
    for classes, in_chans in ((7, 3), (5, 1)):
        shape = {"num_classes": classes, "in_chans": in_chans, "img_size": side}

        def build(device: str, shape: Any = shape) -> nn.Module:
            return factory.build(name, {}, device=device, **shape)

        arguments = f"with {classes} classes"
        yield ContractCase(build, None, arguments, (in_chans, side, side), (classes,))
