"""Check, before anything trains, that a model maps a batch of images to one logit per class."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

import torch
from timm.models import get_pretrained_cfg
from torch import Tensor, nn

from study.errors import BuildError, SizeError
from study.models.arguments import pixels, sides
from study.models.factory import ImageShape

BATCH = 2  # images; batch norm in training needs two values per channel, even of a 1x1 map
# Pixels. Patch sizes, attention windows and total strides of timm models divide multiples of these.
GRIDS = (64, 32, 28, 14)

Sides = tuple[int, int]
Builder = Callable[[str, int | Sides], nn.Module]
"""Builds the model on a device for images with this side, or height and width, in pixels."""


def misfit(name: str, builder: Builder, shape: ImageShape) -> str:
    """Why the outputs of the model `name` cannot be trained on, or "" if they can.

    The model must return one floating-point tensor (B, num_classes), in evaluation and in training.

    Raises:
        SizeError: the model does not accept images of this size and number of channels.
        BuildError: it cannot be built.
    """
    expected = (BATCH, shape["num_classes"])
    try:
        outputs = _outputs(builder, shape)
    except BuildError as error:
        # An argument at fault is named in the error; another size would not help.
        if error.argument is not None or not (sizes := _accepted_sizes(name, builder, shape)):
            raise
        raise SizeError(_size_message(name, shape, str(error), sizes)) from error
    except Exception as error:  # models reject image sizes with errors of any type
        # Running out of memory says something about the machine, not about the model.
        if "memory" in str(error).lower():
            raise MemoryError(str(error)) from error
        sizes = _accepted_sizes(name, builder, shape)
        raise SizeError(_size_message(name, shape, _reason(error), sizes)) from error
    for mode, output in zip(("", " in training"), outputs, strict=True):
        if not (
            isinstance(output, Tensor)
            and tuple(output.shape) == expected
            and output.is_floating_point()
        ):
            return (
                f"{name} gives {described(output)}{mode} for {BATCH} images of {expected[1]} "
                "classes; forward must give one tensor (B, num_classes) of numbers, here "
                f"{expected}"
            )
    return ""


def _outputs(builder: Builder, shape: ImageShape) -> list[object]:
    """Outputs in evaluation and in training, on the meta device if the model runs there."""
    size = shape["img_size"]
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        try:
            return _forward_both_modes(builder("meta", size), shape)
        except BuildError:
            raise
        except Exception:  # some models read values, which meta tensors do not have
            return _forward_both_modes(builder("cpu", size), shape)


def _forward_both_modes(model: nn.Module, shape: ImageShape) -> list[object]:
    device = next(model.parameters(), torch.empty(0)).device
    size = (BATCH, shape["in_chans"], *sides(shape["img_size"]))
    # Zeros, since only shapes and types are checked.
    return [model.train(training)(torch.zeros(size, device=device)) for training in (False, True)]


def described(output: object) -> str:
    """An output as text: "(2, 1000)", "a tuple of (2, 10), (2, 10)", "a dict with logits"."""
    if isinstance(output, Tensor):
        kind = "" if output.is_floating_point() else f" of {str(output.dtype).partition('.')[2]}"
        return f"{tuple(output.shape)}{kind}"
    if isinstance(output, Mapping):
        return f"a {type(output).__name__} with {', '.join(map(str, output))}"
    if isinstance(output, list | tuple):
        parts = [described(part) for part in output]
        return f"a {type(output).__name__} of {', '.join(parts) or 'nothing'}"
    return f"a {type(output).__name__}"


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0].rstrip(": ")


def _size_message(name: str, shape: ImageShape, reason: str, sizes: list[Sides]) -> str:
    size, channels = pixels(shape["img_size"]), shape["in_chans"]
    plural = "s" if channels > 1 else ""
    hint = f"; it takes images of {_listed(sizes)} px: set data.img_size" if sizes else ""
    return f"{name} takes no images of {size} px and {channels} channel{plural}: {reason}{hint}"


def _listed(sizes: list[Sides]) -> str:
    *most, last = map(pixels, sizes)
    return f"{', '.join(most)} and {last}" if most else last


# ---- image sizes that the model accepts ----


def _accepted_sizes(name: str, builder: Builder, shape: ImageShape) -> list[Sides]:
    """Image sizes that the model accepts: timm's own and those near the study's, by trial."""
    candidates = _candidates(name, sides(shape["img_size"]))
    return [size for size in candidates if _accepts(builder, shape, size)]


def _candidates(name: str, study: Sides) -> Iterator[Sides]:
    native: list[Sides] = []
    with suppress(RuntimeError):
        config = get_pretrained_cfg(name)
        native = [config.input_size[-2:]] if config else []
    # The multiples of each grid just below and above the study's sides.
    below = [(H // grid * grid, W // grid * grid) for grid in GRIDS for H, W in [study]]
    above = [(-(-H // grid) * grid, -(-W // grid) * grid) for grid in GRIDS for H, W in [study]]
    yield from sorted({size for size in (*native, *below, *above) if min(size) > 0} - {study})


def _accepts(builder: Builder, shape: ImageShape, size: Sides) -> bool:
    try:
        with torch.no_grad():
            # On meta only: trying many sizes of a large model must take no memory.
            # A square as one number, which is all that some models take.
            given = size[0] if size[0] == size[1] else size
            _forward_both_modes(builder("meta", given), {**shape, "img_size": given})
    except Exception:  # models reject image sizes with errors of any type
        return False
    return True
