"""The answer of a model to a batch of the study's images, looked at before anything is trained."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import torch
from timm.models import get_pretrained_cfg
from torch import Tensor, nn

from study.errors import BuildError, SizeError

BATCH = 2  # images, the fewest that a batch norm of one place can be trained on
GRIDS = (64, 32, 28, 14)  # pixels whose multiples patches, windows and strides divide

Resized = Callable[[str, int], nn.Module]
"""From a device and a side in pixels to the model for images of that side."""

Shape = Mapping[str, int]
"""`num_classes`, `in_chans` and `img_size`."""


def misfit(name: str, resized: Resized, shape: Shape) -> str:
    """Why nothing can be trained on what the model called `name` gives; "" where it can.

    Wanted is one tensor (B, num_classes), in evaluation and in training.

    Raises:
        SizeError: the model takes no images of this size and number of channels.
        BuildError: it cannot be built.
    """
    wanted = (BATCH, shape["num_classes"])
    try:
        answers = _answers(resized, shape)
    except BuildError as error:
        if error.argument is not None or not (sizes := _sizes(name, resized, shape)):
            raise
        raise SizeError(_told(name, shape, str(error), sizes)) from error
    except Exception as error:  # models refuse images by all kinds of errors
        if "memory" in str(error).lower():  # of this machine, not of the model
            raise MemoryError(str(error)) from error
        sizes = _sizes(name, resized, shape)
        raise SizeError(_told(name, shape, _reason(error), sizes)) from error
    for mode, answer in zip(("", " in training"), answers, strict=True):
        fits = isinstance(answer, Tensor) and tuple(answer.shape) == wanted
        if not fits or not answer.is_floating_point():
            return (
                f"{name} gives {_described(answer)}{mode} for {BATCH} images of {wanted[1]} "
                f"classes; forward must give one tensor (B, num_classes) of numbers, here {wanted}"
            )
    return ""


def _answers(resized: Resized, shape: Shape) -> list[Any]:
    """In evaluation and in training; on the meta device where the model can run there."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        try:
            return _run(resized("meta", shape["img_size"]), shape)
        except BuildError:
            raise
        except Exception:  # it may need values
            return _run(resized("cpu", shape["img_size"]), shape)


def _run(model: nn.Module, shape: Shape) -> list[Any]:
    device = next(model.parameters(), torch.empty(0)).device
    size = (BATCH, shape["in_chans"], shape["img_size"], shape["img_size"])
    return [model.train(training)(torch.zeros(size, device=device)) for training in (False, True)]


def _described(answer: Any) -> str:
    """What an answer is, for people: (2, 1000); a tuple of (2, 10), (2, 10); a dict with logits."""
    if isinstance(answer, Tensor):
        kind = "" if answer.is_floating_point() else f" of {str(answer.dtype).partition('.')[2]}"
        return f"{tuple(answer.shape)}{kind}"
    if isinstance(answer, Mapping):
        return f"a {type(answer).__name__} with {', '.join(map(str, answer))}"
    if isinstance(answer, list | tuple):
        parts = [_described(part) for part in answer]
        return f"a {type(answer).__name__} of {', '.join(parts) or 'nothing'}"
    return f"a {type(answer).__name__}"


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0].rstrip(": ")


def _told(name: str, shape: Shape, reason: str, sizes: list[int]) -> str:
    side, channels = shape["img_size"], shape["in_chans"]
    plural = "s" if channels > 1 else ""
    taken = f"; it takes images of {_listed(sizes)} px: set data.img_size" if sizes else ""
    return f"{name} takes no images of {side} px and {channels} channel{plural}: {reason}{taken}"


def _listed(sizes: list[int]) -> str:
    *most, last = map(str, sizes)
    return f"{', '.join(most)} and {last}" if most else last


# ---- which images it takes ----


def _sizes(name: str, resized: Resized, shape: Shape) -> list[int]:
    """Sides near the study's, or known to timm, that the model takes; found by trying."""
    return [side for side in _candidates(name, shape["img_size"]) if _takes(resized, shape, side)]


def _candidates(name: str, side: int) -> Iterator[int]:
    known: list[int] = []
    with suppress(RuntimeError):
        config = get_pretrained_cfg(name)
        known = [config.input_size[-1]] if config else []
    near = (size for grid in GRIDS for size in (side // grid * grid, -(-side // grid) * grid))
    yield from sorted({size for size in (*known, *near) if size > 0} - {side})


def _takes(resized: Resized, shape: Shape, side: int) -> bool:
    try:
        with torch.no_grad():
            _run(resized("meta", side), {**shape, "img_size": side})
    except Exception:  # as above
        return False
    return True
