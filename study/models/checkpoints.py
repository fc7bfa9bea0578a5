"""Checkpoint files: tensors by name, wherever a file keeps them. No code in a file is ever run."""

import argparse
import pickle
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from timm.models import clean_state_dict
from torch import Tensor

from study.errors import BuildError, meant, unknown

AVERAGES = ("state_dict_ema", "model_ema")
STATES = ("state_dict", "model")
"""Keys that timm, and most who release weights, keep them under."""

SUFFIXES = (".pth", ".pt", ".tar", ".bin", ".safetensors")
DEEP = 2  # levels of mappings that are searched; an optimizer keeps its tensors a level below
SHOWN = 12  # names of each kind in a message
HEAD = 512  # bytes that tell text from a checkpoint

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

SCALARS = tuple(type(np.dtype(code)) for code in "?bhilqBHILQefdFDSU")
CORES = ("core", "_core")  # before numpy 2, and since
ALLOWED: tuple[Any, ...] = (
    argparse.Namespace,  # the flags that timm's train.py keeps
    *(np.dtype, *SCALARS),
    *((np.float64().__reduce__()[0], f"numpy.{core}.multiarray.scalar") for core in CORES),
)
"""What a file may hold beside tensors and plain values: numbers of numpy, which run no code."""

State = dict[str, Tensor]


def contents(path: Path) -> Mapping[Any, Any]:
    """Everything in a checkpoint file: tensors, numbers and plain values.

    Raises:
        BuildError: there is no such file, or it holds anything else.
    """
    if not path.is_file():
        there = [file.name for file in path.parent.glob("*") if file.suffix in SUFFIXES]
        near = meant(path.name, there)
        raise BuildError(f"there is no checkpoint {path}" + (f'; is it "{near}"?' if near else ""))
    if path.suffix == ".npz":
        raise BuildError(
            f"{path} holds arrays of NumPy, which timm reads by pretrained: true and "
            "pretrained_cfg_overlay: {file: ..., custom_load: true}"
        )
    try:
        _refuse_text(path)
        if path.suffix == ".safetensors":
            return load_file(path)
        with warnings.catch_warnings(), torch.serialization.safe_globals([*ALLOWED]):
            warnings.filterwarnings("ignore", "Detected pickle protocol")
            found = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        wants = re.search(r"GLOBAL (\S+)", str(error))
        raise BuildError(
            f"{path} is no checkpoint of tensors alone"
            + (f" (it asks for {wants[1]})" if wants else "")
            + "; anything else could run code and is not opened: save the state_dict by itself"
        ) from error
    except BROKEN as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise BuildError(f"{path} cannot be read as a checkpoint ({reason})") from error
    if not isinstance(found, Mapping):
        raise BuildError(f"{path} holds a {type(found).__name__}, not tensors by name")
    return found


def _refuse_text(path: Path) -> None:
    """Raises BuildError for what stands in the place of weights that were not fetched."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    start = head.lstrip().lower()
    if start.startswith(b"version https://git-lfs"):
        raise BuildError(
            f"{path} is a git-lfs pointer, not the weights: fetch them with git lfs pull"
        )
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        raise BuildError(
            f"{path} is a web page, as servers answer for a wrong or a private address: "
            "fetch the file itself"
        )
    if head and head.isascii() and head.decode().replace("\n", "").replace("\t", "").isprintable():
        line = head.decode().strip().partition("\n")[0][:60]
        raise BuildError(f'{path} cannot be read as a checkpoint: it is text ("{line}")')


def states(
    found: Mapping[Any, Any], key: str = "", depth: int = DEEP
) -> Iterator[tuple[str, State]]:
    """Every set of named tensors in a file with its dotted key; "" for the file as a whole."""
    own = {k: v for k, v in found.items() if isinstance(k, str) and isinstance(v, Tensor)}
    if own:
        yield key, own
    for name, value in found.items() if depth else ():
        if isinstance(value, Mapping):
            yield from states(value, f"{key}.{name}".lstrip("."), depth - 1)


def is_average(key: str) -> bool:
    """Whether weights under this key are a moving average kept beside the trained ones."""
    return key in AVERAGES or "ema" in re.split(r"[._]", key)


def candidates(
    found: Mapping[Any, Any], path: Path, *, ema: bool | None, key: str | None
) -> dict[str, State]:
    """The sets of tensors in a file that may be the weights, by key: one, unless no name tells.

    A `key` names one of all. Otherwise a moving average is taken before plain weights; `ema`
    insists on it, or on the plain weights. Of several that no usual name tells apart, all.

    Raises:
        BuildError: there is none.
    """
    every = dict(states(found))
    if key is not None:
        if key not in every:
            raise BuildError(f"{path}: {unknown('checkpoint key', key, every)}")
        return {key: every[key]}
    averages = {k: v for k, v in every.items() if is_average(k)}
    if ema and not averages:
        raise BuildError(f"{path} keeps no moving average ({' or '.join(AVERAGES)}); drop --ema")
    usual = [k for k in (*AVERAGES, *STATES) if k in every and ema in (None, is_average(k))]
    if usual:
        return {usual[0]: every[usual[0]]}
    left = {k: v for k, v in every.items() if ema is None or ema is (k in averages)}
    if not left:
        keys = ", ".join(list(map(str, found))[:SHOWN]) or "nothing"
        raise BuildError(f"{path} has no tensors by name; it has {keys}")
    return left


def spellings(state: State) -> Iterator[tuple[str, State]]:
    """The same tensors without what wrappers put before every name, one word less at a time.

    `module.`, `_orig_mod.` and the count of an averaged model are those of PyTorch itself.
    """
    tensors = clean_state_dict(state)
    prefix = next((a.removesuffix(b) for a, b in zip(state, tensors, strict=False) if a != b), "")
    if any(name.startswith("module.") for name in state):
        tensors.pop("n_averaged", None)
    yield prefix, tensors
    while len(words := {name.partition(".")[0] for name in tensors}) == 1:
        word = f"{words.pop()}."
        if not all(name.startswith(word) for name in tensors):
            return
        prefix += word
        tensors = {name.removeprefix(word): tensor for name, tensor in tensors.items()}
        yield prefix, tensors
