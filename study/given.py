"""Weights that a study gives a model: which arguments give them, and digests of their files.

Nothing here imports torch, so that a plan that was made before starts at once.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from study.errors import BuildError, meant

FETCHED = "pretrained"
CHECKPOINT = "checkpoint_path"
ARGUMENTS = (
    *(CHECKPOINT, "checkpoint_key"),
    *(FETCHED, "pretrained_cfg", "pretrained_cfg_overlay", "cache_dir"),
)
"""Arguments of a model that say which weights it starts from; all but one key are timm's."""

FOLDER = "local-dir:"  # before a model's name: a folder with its configuration and weights


def given(arguments: Mapping[str, Any]) -> bool:
    """Whether a model starts from weights rather than at random."""
    return bool(arguments.get(CHECKPOINT) or arguments.get(FETCHED))


def architecture(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments without the weights; timm's configurations also say what a model is."""
    weights = (CHECKPOINT, "checkpoint_key", FETCHED, "cache_dir")
    return {key: value for key, value in arguments.items() if key not in weights}


def files(name: str, arguments: Mapping[str, Any]) -> dict[str, Path]:
    """The files, by the argument that names each, that decide what a model starts as."""
    found = {}
    if path := arguments.get(CHECKPOINT):
        found[CHECKPOINT] = _path(CHECKPOINT, path)
    for key in ("pretrained_cfg", "pretrained_cfg_overlay"):
        config = arguments.get(key)
        if arguments.get(FETCHED) and isinstance(config, Mapping) and config.get("file"):
            found[key] = _path(key, config["file"])
    if name.startswith(FOLDER):
        folder = Path(name.removeprefix(FOLDER)).expanduser()
        wanted = folder.glob("*") if arguments.get(FETCHED) else [folder / "config.json"]
        found |= {path.name: path for path in sorted(wanted) if path.is_file()}
    return found


def _path(argument: str, value: Any) -> Path:
    if not isinstance(value, str):
        raise BuildError(f"{argument}: the path of a file, not {value!r}", argument=argument)
    return Path(value).expanduser()


def digests(name: str, arguments: Mapping[str, Any]) -> dict[str, str]:
    """The sha256 of every file in `files`, by argument.

    Raises:
        BuildError: there is no such file, or it cannot be read.
    """
    return {key: _digest(key, path) for key, path in files(name, arguments).items()}


def _digest(argument: str, path: Path) -> str:
    try:
        status = path.stat()
        return _content(path, status.st_size, status.st_mtime_ns)
    except FileNotFoundError as error:
        near = meant(path.name, (other.name for other in path.parent.glob("*")))
        hint = f'; is it "{near}"?' if near else ""
        raise BuildError(f"there are no weights {path}{hint}", argument=argument) from error
    except OSError as error:
        raise BuildError(f"{path} cannot be read: {error.strerror}", argument=argument) from error


@cache
def _content(path: Path, size: int, changed: int) -> str:
    """A digest of a file as it is now: `size` and `changed` are for the cache alone."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def identified(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that name what a model computes, beside its weights: no key of a place."""
    if not given(arguments):
        return {k: v for k, v in arguments.items() if v is not None or k not in ARGUMENTS}
    found = architecture(arguments)
    for key in ("pretrained_cfg", "pretrained_cfg_overlay"):
        if isinstance(config := found.get(key), Mapping):
            found[key] = {name: value for name, value in config.items() if name != "file"}
    return {key: value for key, value in found.items() if value != {}}
