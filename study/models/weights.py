"""Given weights: from a checkpoint file, or fetched by timm; into a model whole or not at all."""

import argparse
import hashlib
import pickle
import re
import sys
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from timm.models import clean_state_dict
from torch import Tensor, nn

from study.errors import BuildError, meant
from study.models.construction import build, created, known

AVERAGES = ("state_dict_ema", "model_ema")
STATES = ("state_dict", "model")
SUFFIXES = (".pth", ".pt", ".tar", ".bin", ".safetensors")
SHOWN = 12  # names of each kind in a message
BROKEN = (
    OSError,
    RuntimeError,
    EOFError,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    SafetensorError,
)
"""What torch and safetensors raise for a file that is cut short or something else."""


@dataclass(frozen=True)
class Weights:
    """Where weights came from."""

    source: str
    """A file, or what timm fetched."""
    sha256: str | None
    """Of the file."""
    state: str | None
    """The key they stood under in the file, where it had several states."""
    average: bool
    """Whether they are a moving average kept beside the trained ones."""


def load(model: nn.Module, path: Path, *, ema: bool | None = None) -> Weights:
    """Fill `model` from a file of PyTorch's or safetensors', and say what it was filled with.

    A moving average is taken where there is one; `ema` insists on it, or on the plain weights.
    Names and sizes are those that the `checkpoint_filter_fn` makes that stands, as timm has it,
    in the module of the model's class or of one that it is derived from.

    Raises:
        BuildError: there is no such file, it holds more or else than tensors, or they are not
            exactly the model's. Nothing has been loaded then.
    """
    found = contents(path)
    key = chosen(found, path, ema=ema)
    tensors = renamed(found[key] if key else found, model, path)
    refuse_misfits(tensors, model, path)
    model.load_state_dict(tensors)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Weights(str(path), digest, key, key in AVERAGES)


def contents(path: Path) -> Mapping[str, Any]:
    """What a checkpoint file holds. No code in it is run: tensors and plain values are read.

    And the flags that timm's train.py keeps beside them.
    """
    if not path.is_file():
        there = [file.name for file in path.parent.glob("*") if file.suffix in SUFFIXES]
        near = meant(path.name, there)
        raise BuildError(f"there is no checkpoint {path}" + (f'; is it "{near}"?' if near else ""))
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        with warnings.catch_warnings(), torch.serialization.safe_globals([argparse.Namespace]):
            warnings.filterwarnings("ignore", "Detected pickle protocol")
            found = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        asked = re.search(r"GLOBAL (\S+)", str(error))
        raise BuildError(
            f"{path} is no checkpoint of tensors alone"
            + (f" (it asks for {asked[1]})" if asked else "")
            + "; anything else could run code and is not opened: save the state_dict by itself"
        ) from error
    except BROKEN as error:
        said = f"{type(error).__name__}: {error}".splitlines()[0]
        raise BuildError(f"{path} cannot be read as a checkpoint ({said})") from error
    if not isinstance(found, Mapping):
        raise BuildError(f"{path} holds a {type(found).__name__}, not tensors by name")
    return found


def chosen(found: Mapping[str, Any], path: Path, *, ema: bool | None) -> str | None:
    """The key that the weights stand under; none where they are all there is."""
    averages, states = ([k for k in ks if found.get(k)] for ks in (AVERAGES, STATES))
    if ema and not averages:
        raise BuildError(f"{path} keeps no moving average ({' or '.join(AVERAGES)}); drop --ema")
    keys = states if ema is False else averages + states
    return keys[0] if keys else None


def renamed(found: Any, model: nn.Module, path: Path) -> dict[str, Tensor]:
    """Tensors under the names that the model has, without what wrappers put before them."""
    state = clean_state_dict(found) if isinstance(found, Mapping) else {}
    if not state or not all(isinstance(value, Tensor) for value in state.values()):
        keys = ", ".join(list(map(str, state))[:SHOWN]) or "nothing"
        raise BuildError(
            f"{path} has no tensors by name, and none under {', '.join(AVERAGES + STATES)}; "
            f"it has {keys}"
        )
    families = [vars(sys.modules[kind.__module__]) for kind in type(model).__mro__]
    rename = next(filter(None, (f.get("checkpoint_filter_fn") for f in families)), None)
    try:
        tensors: dict[str, Tensor] = dict(rename(state, model) if rename else state)
    except (*BROKEN, AssertionError) as error:  # written for checkpoints of its own family
        name = type(model).__name__
        raise BuildError(f"{path} is no checkpoint of a {name} ({error})") from error
    return tensors


def refuse_misfits(tensors: Mapping[str, Tensor], model: nn.Module, path: Path) -> None:
    """Raises BuildError that names what is missing, unexpected and misshapen."""
    own = model.state_dict()
    missing = [k for k in own if k not in tensors and not k.endswith("num_batches_tracked")]
    unexpected = [k for k in tensors if k not in own]
    shapes = ((k, tuple(tensors[k].shape), tuple(v.shape)) for k, v in own.items() if k in tensors)
    misshapen = [f"{k} {theirs} for {ours}" for k, theirs, ours in shapes if theirs != ours]
    kinds = {"missing": missing, "unexpected": unexpected, "misshapen": misshapen}
    told = [f"{len(names)} {kind}: {_first(names)}" for kind, names in kinds.items() if names]
    head = getattr(model, "pretrained_cfg", {}).get("classifier")
    if head and misshapen and all(n.startswith(head) for n in missing + unexpected + misshapen):
        told.append("another number of classes: images of some of them need a class_map of all")
    if told:
        name = type(model).__name__
        raise BuildError("\n  ".join([f"{path} does not fit this {name}", *told]))


def _first(names: Collection[str]) -> str:
    return ", ".join([*list(names)[:SHOWN], *(["..."] if len(names) > SHOWN else [])])


# ---- timm's own ----


def pretrained_cfg(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What timm knows of a model's images and of where its weights are."""
    known(arguments, name)
    config: dict[str, Any] = created(name, dict(arguments), "meta").pretrained_cfg
    return config


def pretrained(
    name: str, arguments: Mapping[str, Any], config: Mapping[str, Any], **shape: Any
) -> tuple[nn.Module, Weights]:
    """The model with the weights that timm has for it, by its `pretrained_cfg`.

    Raises:
        BuildError: timm has none for this name and number of classes, or cannot fetch them.
    """
    source = config.get("file") or config.get("hf_hub_id") or config.get("url")
    if not source:
        raise BuildError(f"timm has no weights for {name}; give a checkpoint file")
    if config["num_classes"] != shape["num_classes"]:  # timm would make a new classifier, at random
        raise BuildError(
            f"{name} has weights for {config['num_classes']} classes, "
            f"the images have {shape['num_classes']}"
        )
    try:
        model = build(name, {**arguments, "pretrained": True}, **shape)
    except BuildError as error:
        if not isinstance(error.__cause__, OSError):
            raise
        said = str(error.__cause__).splitlines()[0]
        raise BuildError(
            f"the weights of {name} could not be fetched from {source} ({said}); "
            "fetch them where there is a network, and give the file as a checkpoint"
        ) from error
    return model, Weights(str(source), None, None, False)
