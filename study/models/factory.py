"""Build any timm model from a name and arguments; a user's mistakes become BuildErrors."""

import inspect
import re
from contextlib import nullcontext
from typing import Any, TypedDict, Unpack

import timm
import torch
from timm.models import get_pretrained_cfg, is_model, model_entrypoint, split_model_name_tag
from torch import nn

from study.errors import BuildError, StudyError, UnknownModelError, unknown
from study.given_weights import ARGUMENTS, FETCHED, architecture
from study.models import pvt, rest, surgery
from study.models.arguments import Arguments, sides
from study.models.surgery import REPLACE

CONTEXT = {
    "num_classes",
    "in_chans",
    "img_size",
    "device",
    "dtype",
}  # set by the data and the machine
GENERAL = (*ARGUMENTS, REPLACE)
"""Arguments of every model, whatever its constructor takes."""

MODELS = {rest.ResT: rest.PRESETS, pvt.PVT: pvt.PRESETS}
PRESETS = {name: preset for presets in MODELS.values() for name, preset in presets.items()}
SWITCHES = {
    name: {
        argument: parameter.default
        for argument, parameter in inspect.signature(model).parameters.items()
        if argument not in CONTEXT
    }
    for model, presets in MODELS.items()
    for name in presets
}
"""Constructor arguments with their defaults, for each model of this package."""


class ImageShape(TypedDict):
    """The sizes of a model that follow from the data; `img_size` is a side, or height and width."""

    num_classes: int
    in_chans: int
    img_size: int | tuple[int, int]


def build(
    name: str,
    arguments: Arguments,
    *,
    device: torch.device | str | None = None,
    pretrained: bool = False,
    **shape: Unpack[ImageShape],
) -> nn.Module:
    """The model `name` with random weights, for images of `img_size` pixels.

    Arguments that name weights are left to `weights.started`; `pretrained` lets timm fetch its own.

    Raises:
        BuildError: a name or argument does not exist, a value does not fit, or the image is too
            small for the model.
    """
    model = whole(name, arguments, **shape, device=device, pretrained=pretrained)
    return operated(model, arguments)


def operated(model: nn.Module, arguments: Arguments) -> nn.Module:
    """The model with the modules swapped that the argument `replace` names."""
    if REPLACE not in arguments:
        return model
    device = next(model.parameters(), torch.empty(0)).device
    with torch.device(device):  # a replacement of the user's may have parameters
        return surgery.replaced(model, arguments[REPLACE])


def whole(
    name: str,
    arguments: Arguments,
    *,
    num_classes: int,
    in_chans: int,
    img_size: int | tuple[int, int],
    device: torch.device | str | None = None,
    pretrained: bool = False,
) -> nn.Module:
    """The model before any of its modules is replaced; raises as `build` does."""
    constructor_arguments = constructor(arguments)
    own = bare(name) in PRESETS
    refuse_bad_arguments(constructor_arguments, name)
    if own or fixed(name) or takes_size(name):
        # Other models take any size, and most of them no such argument.
        constructor_arguments["img_size"] = img_size
    constructor_arguments |= {"num_classes": num_classes, "in_chans": in_chans}
    if pretrained:
        constructor_arguments |= {FETCHED: True, "cache_dir": arguments.get("cache_dir")}
    model = created(name, constructor_arguments, device)
    if own:
        # Otherwise a small image would fail only in the first forward pass.
        model.check_input(*sides(img_size))
    return model


def constructor(arguments: Arguments) -> dict[str, object]:
    """The arguments that the model's constructor takes."""
    return {key: value for key, value in architecture(arguments).items() if key != REPLACE}


def takes_size(name: str) -> bool:
    """True for a plugin's model whose entry point names `img_size` among its arguments."""
    # timm's own have it in **kwargs, if at all.
    if ":" in name:
        return False
    return "img_size" in inspect.signature(model_entrypoint(bare(name))).parameters


def fixed(name: str) -> bool:
    """True if timm's configuration says that the model has a fixed input size."""
    try:
        config = get_pretrained_cfg(name)
    except RuntimeError:  # timm has no such tag
        tags = [other.partition(".")[2] for other in timm.list_pretrained(f"{bare(name)}.*")]
        raise UnknownModelError(
            unknown(f"tag of {bare(name)}", name.partition(".")[2], tags)
        ) from None
    return config is not None and config.fixed_input_size


def called(name: str) -> str:
    """The model name that identifies a computation.

    The tags of this package's own models name no weights, so they are removed.
    """
    return bare(name) if bare(name) in PRESETS else name


def resolved(name: str, arguments: Arguments) -> dict[str, object]:
    """Arguments as JSON values; a model of this package gets its presets and defaults added.

    Arguments that the data and the machine decide (`CONTEXT`) are left out.
    """
    own = bare(name)
    if REPLACE in arguments:
        patterns = surgery.checked(arguments[REPLACE])
        arguments = {k: v for k, v in arguments.items() if k != REPLACE}
        # Nothing replaced is the same as leaving it out.
        arguments |= {REPLACE: patterns} if patterns else {}
    if own not in PRESETS:
        return dict(arguments)
    refuse_bad_arguments(arguments, name)
    switches = SWITCHES[own]
    chosen = {**switches, **PRESETS[own], **arguments}
    return {
        argument: like(switches.get(argument), value)
        for argument, value in chosen.items()
        if argument in switches or value  # pretrained: false is the same as leaving it out
    }


def like(default: object, value: object) -> object:
    """`value` in the type of `default`, so that 0 and 0.0, or a list and a tuple, hash alike."""
    if isinstance(default, tuple) and isinstance(value, list | tuple):
        return [like(default[0], item) for item in value]
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def bare(name: str) -> str:
    """The model name without its tag; raises BuildError for a name that timm does not know."""
    if ":" in name:  # hf-hub:OWNER/NAME or local-dir:PATH; timm resolves these itself
        return name
    model = split_model_name_tag(name)[0]
    if not is_model(model):
        raise UnknownModelError(unknown("model", name, timm.list_models()))
    return model


def refuse_bad_arguments(arguments: Arguments, name: str) -> None:
    """Raises BuildError for an argument that timm would reject or silently drop."""
    switches = SWITCHES.get(bare(name))
    for argument, value in arguments.items():
        if argument in CONTEXT:
            message = (
                f"{argument} follows from the data and the machine; it cannot be set for {name}"
            )
            raise BuildError(message, argument=argument)
        if switches and argument in switches and value is None:
            raise BuildError(f"{argument} of {name} has no value", argument=argument)
        if argument not in GENERAL and (
            switches or value is None
        ):  # timm treats None as an argument that is absent
            refuse_unknown(argument, name)


def refuse_unknown(argument: str, name: str) -> None:
    """Raises BuildError for an argument that the model's constructor does not have."""
    accepted = set(SWITCHES.get(bare(name)) or accepted_by(name) - CONTEXT) | {*GENERAL}
    if argument not in accepted:
        raise BuildError(unknown(f"argument of {name}", argument, accepted), argument=argument)


def created(name: str, arguments: Arguments, device: torch.device | str | None) -> Any:
    """The model as timm creates it; whatever its constructor raises becomes a BuildError."""
    place = {} if device is None else {"device": device}
    try:
        # The argument is not enough: some constructors create tensors without it.
        with torch.device(device) if device is not None else nullcontext():
            return timm.create_model(name, **arguments, **place)
    except StudyError:
        raise
    except Exception as error:  # timm's constructors raise any type, mostly AssertionError
        raise failure(name, arguments, error) from error


def failure(name: str, arguments: Arguments, error: Exception) -> BuildError:
    """A constructor's error as a message about the study file."""
    match = re.search(r"unexpected keyword argument '(\w+)'", str(error))  # Python's words
    if match and match[1] in arguments:
        names = (accepted_by(name) - CONTEXT) | {*GENERAL}
        return BuildError(unknown(f"argument of {name}", match[1], names), argument=match[1])
    text = str(error) or type(error).__name__
    return BuildError(f"{name} cannot be built from {dict(arguments)}: {text}")


def accepted_by(name: str) -> set[str]:
    """The constructor arguments of a timm model."""
    # An entry point takes **kwargs, so only the class it builds knows the arguments.
    with torch.device("meta"):
        model = model_entrypoint(name)()
    signature = inspect.signature(type(model))
    return {p.name for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD}
