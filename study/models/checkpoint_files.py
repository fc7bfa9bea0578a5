"""Read checkpoint files: named tensors under any key. Code inside a file is never run."""

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

from study.errors import BuildError, likely_name, unknown

AVERAGES = ("state_dict_ema", "model_ema")
STATES = ("state_dict", "model")
"""Keys under which timm and most released checkpoints keep their weights."""

SUFFIXES = (".pth", ".pt", ".tar", ".bin", ".safetensors")
DEPTH = 2  # levels of mappings that are searched; an optimizer's tensors lie one level deeper
LISTED_NAMES = 12  # parameter names of each kind in a message
HEAD = 512  # bytes at the start of a file by which text is recognised

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
"""Errors that torch and safetensors raise for a file that is truncated or no checkpoint."""

SCALARS = tuple(type(np.dtype(code)) for code in "?bhilqBHILQefdFDSU")
CORES = ("core", "_core")  # numpy's module before version 2, and since
ALLOWED: tuple[Any, ...] = (
    argparse.Namespace,  # the flags that timm's train.py keeps
    np.dtype,
    *SCALARS,
    # The function by which numpy pickles a number.
    *((np.float64().__reduce__()[0], f"numpy.{core}.multiarray.scalar") for core in CORES),
)
"""Types that a file may hold beside tensors and plain values; none of them runs code."""

State = dict[str, Tensor]
Content = Mapping[Any, Any]
"""A checkpoint file, or one of the mappings inside it."""


def contents(path: Path) -> Content:
    """Everything in a checkpoint file: tensors, numbers and plain values.

    Raises:
        BuildError: there is no such file, or it holds anything else.
    """
    if not path.is_file():
        there = [file.name for file in path.parent.glob("*") if file.suffix in SUFFIXES]
        near = likely_name(path.name, there)
        raise BuildError(f"there is no checkpoint {path}" + (f'; is it "{near}"?' if near else ""))
    if path.suffix == ".npz":
        raise BuildError(
            f"{path} holds NumPy arrays; timm reads them with pretrained: true and "
            "pretrained_cfg_overlay: {file: ..., custom_load: true}"
        )
    try:
        _refuse_text(path)
        if path.suffix == ".safetensors":
            return load_file(path)
        with warnings.catch_warnings(), torch.serialization.safe_globals([*ALLOWED]):
            warnings.filterwarnings("ignore", "Detected pickle protocol")
            # weights_only refuses undeclared types: unpickling them could run code.
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        wants = re.search(r"GLOBAL (\S+)", str(error))
        raise BuildError(
            f"{path} holds more than tensors"
            + (f" (it refers to {wants[1]})" if wants else "")
            + "; such a file could run code and is not opened: save the state_dict by itself"
        ) from error
    except BROKEN as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise BuildError(f"{path} cannot be read as a checkpoint ({reason})") from error
    if not isinstance(content, Mapping):
        raise BuildError(f"{path} holds a {type(content).__name__}, not tensors by name")
    return content


def _refuse_text(path: Path) -> None:
    """Raises BuildError for a text file, such as a git-lfs pointer or a saved web page."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    start = head.lstrip().lower()
    if start.startswith(b"version https://git-lfs"):
        raise BuildError(
            f"{path} is a git-lfs pointer, not the weights: fetch them with git lfs pull"
        )
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        raise BuildError(
            f"{path} is a web page, the usual answer to a wrong or private address: "
            "download the file itself"
        )
    # zip, pickle and safetensors all begin with bytes that cannot be printed.
    if head and head.isascii() and head.decode().replace("\n", "").replace("\t", "").isprintable():
        line = head.decode().strip().partition("\n")[0][:60]
        raise BuildError(f'{path} cannot be read as a checkpoint: it is text ("{line}")')


def states(content: Content, key: str = "", depth: int = DEPTH) -> Iterator[tuple[str, State]]:
    """Yield every set of named tensors in a file with its dotted key ("" is the top level)."""
    own = {k: v for k, v in content.items() if isinstance(k, str) and isinstance(v, Tensor)}
    if own:
        yield key, own
    for name, value in content.items() if depth else ():
        if isinstance(value, Mapping):
            yield from states(value, f"{key}.{name}".lstrip("."), depth - 1)


def is_average(key: str) -> bool:
    """True for the keys under which a moving average (EMA) of the weights is kept."""
    return key in AVERAGES or "ema" in re.split(r"[._]", key)


def candidates(
    content: Content, path: Path, *, ema: bool | None, key: str | None
) -> dict[str, State]:
    """Sets of tensors in a file that may be the weights, by key; several only if names are unusual.

    `key` picks one set. Otherwise a moving average (EMA) comes before plain weights; `ema` True
    takes the average alone, False the plain weights alone. If several sets remain and none has a
    usual key, all of them are returned.

    Raises:
        BuildError: the file has no such set.
    """
    every = dict(states(content))
    if key is not None:
        if key not in every:
            raise BuildError(f"{path}: {unknown('checkpoint key', key, every)}")
        return {key: every[key]}
    averages = {k: v for k, v in every.items() if is_average(k)}
    if ema and not averages:
        raise BuildError(f"{path} keeps no moving average ({' or '.join(AVERAGES)}); drop --ema")
    usual = [k for k in (*AVERAGES, *STATES) if k in every and ema in (None, is_average(k))]
    # The averages come first, since AVERAGES precede STATES above.
    if usual:
        return {usual[0]: every[usual[0]]}
    left = {k: v for k, v in every.items() if ema is None or ema is (k in averages)}
    if not left:
        keys = ", ".join(list(map(str, content))[:LISTED_NAMES]) or "nothing"
        raise BuildError(f"{path} has no tensors by name; it has {keys}")
    return left


def spellings(state: State) -> Iterator[tuple[str, State]]:
    """Yield (prefix, tensors) with ever longer prefixes removed that all names share.

    Wrappers add them: PyTorch's own are `module.` and `_orig_mod.`; an averaged model also has
    `n_averaged`, which is dropped.
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
