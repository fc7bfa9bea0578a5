"""Any timm model from a name and arguments, with a user's mistakes told as such."""

import inspect
import re
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import timm
import torch
from timm.models import get_pretrained_cfg, is_model, model_entrypoint, split_model_name_tag
from torch import nn

from study.errors import BuildError, StudyError, unknown
from study.given import ARGUMENTS, FETCHED, architecture
from study.models import pvt, rest

CONTEXT = {"num_classes", "in_chans", "img_size", "device", "dtype"}  # set by data and machine
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
"""By name of a model of ours, its constructor's arguments with their defaults."""


def build(
    name: str,
    arguments: Mapping[str, Any],
    *,
    num_classes: int,
    in_chans: int,
    img_size: int,
    device: torch.device | str | None = None,
    pretrained: bool = False,
) -> nn.Module:
    """The model called `name`, for images of `img_size` pixels a side, with random weights.

    Arguments that give weights are left to `weights.started`; `pretrained` lets timm fetch its own.

    Raises:
        BuildError: for a name or an argument that does not exist, a value that does not fit, an
            image too small for the model.
    """
    given = architecture(arguments)
    own = bare(name) in PRESETS
    known(given, name)
    if own or fixed(name):
        given["img_size"] = img_size
    given |= {"num_classes": num_classes, "in_chans": in_chans}
    if pretrained:
        given |= {FETCHED: True, "cache_dir": arguments.get("cache_dir")}
    model = created(name, given, device)
    if own:
        model.check_input(img_size, img_size)
    return model


def fixed(name: str) -> bool:
    """Whether timm knows the model to be built for one size; of a model of a user's it may not."""
    try:
        config = get_pretrained_cfg(name)
    except RuntimeError:
        tags = [other.partition(".")[2] for other in timm.list_pretrained(f"{bare(name)}.*")]
        raise BuildError(unknown(f"tag of {bare(name)}", name.partition(".")[2], tags)) from None
    return config is not None and config.fixed_input_size


def called(name: str) -> str:
    """The name without the tag, of a model of ours: its tags say nothing of what it computes."""
    return bare(name) if bare(name) in PRESETS else name


def resolved(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What `arguments` mean, ready for JSON: with presets and defaults, for a model of ours.

    Without what data and machine decide: classes, channels, image size, device, precision.
    """
    own = bare(name)
    if own not in PRESETS:
        return dict(arguments)
    known(arguments, name)
    switches = SWITCHES[own]
    chosen = {**switches, **PRESETS[own], **arguments}
    return {
        argument: like(switches.get(argument), value)
        for argument, value in chosen.items()
        if argument in switches or value  # false, of an argument that gives weights, is none
    }


def like(default: Any, value: Any) -> Any:
    """`value` in the type of `default`, so that 0 and 0.0, list and tuple are the same."""
    if isinstance(default, tuple) and isinstance(value, list | tuple):
        return [like(default[0], item) for item in value]
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def bare(name: str) -> str:
    """The name without its tag. Raises BuildError for a name that timm does not know."""
    if ":" in name:  # hf-hub:OWNER/NAME or local-dir:PATH, which timm resolves itself
        return name
    model = split_model_name_tag(name)[0]
    if not is_model(model):
        raise BuildError(unknown("model", name, timm.list_models()))
    return model


def known(arguments: Mapping[str, Any], name: str) -> None:
    """Raises BuildError for an argument that would be refused, or dropped in silence."""
    switches = SWITCHES.get(bare(name))
    for argument, value in arguments.items():
        if argument in CONTEXT:
            message = f"{argument} follows from the data and the machine; it is no switch of {name}"
            raise BuildError(message, argument=argument)
        if switches and argument in switches and value is None:
            raise BuildError(f"{argument} of {name} has no value", argument=argument)
        if argument not in ARGUMENTS and (
            switches or value is None
        ):  # timm takes None for an argument that was not given
            refuse_unknown(argument, name)


def check(name: str, arguments: Mapping[str, Any]) -> None:
    """Raises BuildError for what is wrong with a name and arguments before anything is built."""
    known(arguments, name)
    fixed(name)


def refuse_unknown(argument: str, name: str) -> None:
    accepted = set(SWITCHES.get(bare(name)) or accepted_by(name) - CONTEXT) | {*ARGUMENTS}
    if argument not in accepted:
        raise BuildError(unknown(f"argument of {name}", argument, accepted), argument=argument)


def created(name: str, given: Mapping[str, Any], device: torch.device | str | None) -> Any:
    place = {} if device is None else {"device": device}
    try:
        with torch.device(device) if device is not None else nullcontext():
            return timm.create_model(name, **given, **place)
    except StudyError:
        raise
    except Exception as error:  # timm's constructors raise all kinds, most of them by assert
        raise failure(name, given, error) from error


def failure(name: str, given: Mapping[str, Any], error: Exception) -> BuildError:
    """The user's view of what a constructor raised."""
    found = re.search(r"unexpected keyword argument '(\w+)'", str(error))
    if found and found[1] in given:
        names = (accepted_by(name) - CONTEXT) | {*ARGUMENTS}
        return BuildError(unknown(f"argument of {name}", found[1], names), argument=found[1])
    text = str(error) or type(error).__name__
    return BuildError(f"{name} cannot be built from {dict(given)}: {text}")


def accepted_by(name: str) -> set[str]:
    """The constructor arguments of a timm model, read from what its name builds."""
    with torch.device("meta"):
        model = model_entrypoint(name)()
    signature = inspect.signature(type(model))
    return {p.name for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD}
