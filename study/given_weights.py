"""Weights that a study file gives a model: the arguments that name them, digests of the files.

Nothing here imports torch, so that a repeated plan starts quickly.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from study.errors import BuildError, likely_name

FETCHED = "pretrained"
CHECKPOINT = "checkpoint_path"
ARGUMENTS = (
    CHECKPOINT,
    "checkpoint_key",
    FETCHED,
    "pretrained_cfg",
    "pretrained_cfg_overlay",
    "cache_dir",
)
"""Arguments of a model that name its initial weights; all but `checkpoint_key` are timm's."""

TIMM = "timm"
RANDOM = "none"
OF_TRIAL = "trial:"


@dataclass(frozen=True)
class StartingWeights:
    """The part `weights` of a baseline: a file, timm, none, or trial:NAME."""

    source: str
    key: str | None = None
    """One of several sets of tensors in a file."""

    @property
    def trial(self) -> str:
        """The finished trial whose weights these are, or ""."""
        return self.source.removeprefix(OF_TRIAL) if self.source.startswith(OF_TRIAL) else ""

    @property
    def arguments(self) -> dict[str, object]:
        """The arguments of a model that mean the same; those of a trial need its store."""
        if self.source == RANDOM or self.trial:
            return {}
        if self.source == TIMM:
            return {FETCHED: True}
        key: dict[str, object] = {"checkpoint_key": self.key} if self.key else {}
        return {CHECKPOINT: self.source, **key}

    @property
    def label(self) -> str:
        """The source in a caption; "" for random weights."""
        source = "" if self.source == RANDOM else self.source
        return f"{source} ({self.key})" if source and self.key else source


FOLDER = "local-dir:"  # before a model's name: a folder with its configuration and weights


def has_given_weights(arguments: Mapping[str, object]) -> bool:
    """True if the arguments give a model its weights, so it does not start at random."""
    return bool(arguments.get(CHECKPOINT) or arguments.get(FETCHED))


def architecture(arguments: Mapping[str, object]) -> dict[str, object]:
    """The arguments without those for weights.

    timm's configurations stay: they also say what the model is.
    """
    weights = (CHECKPOINT, "checkpoint_key", FETCHED, "cache_dir")
    return {key: value for key, value in arguments.items() if key not in weights}


def weight_files(name: str, arguments: Mapping[str, object]) -> dict[str, Path]:
    """Files with initial weights, by the argument that names each."""
    paths = {}
    if path := arguments.get(CHECKPOINT):
        paths[CHECKPOINT] = _path(CHECKPOINT, path)
    for key in ("pretrained_cfg", "pretrained_cfg_overlay"):
        config = arguments.get(key)
        # timm reads the file in a configuration only with `pretrained`.
        if arguments.get(FETCHED) and isinstance(config, Mapping) and config.get("file"):
            paths[key] = _path(key, config["file"])
    if name.startswith(FOLDER):
        folder = Path(name.removeprefix(FOLDER)).expanduser()
        # Without `pretrained` timm reads only the configuration of the folder.
        wanted = folder.glob("*") if arguments.get(FETCHED) else [folder / "config.json"]
        paths |= {path.name: path for path in sorted(wanted) if path.is_file()}
    return paths


def _path(argument: str, value: object) -> Path:
    if not isinstance(value, str):
        raise BuildError(f"{argument}: the path of a file, not {value!r}", argument=argument)
    return Path(value).expanduser()


def weight_digests(name: str, arguments: Mapping[str, object]) -> dict[str, str]:
    """The sha256 of every file in `weight_files`, by argument.

    Raises:
        BuildError: a file is absent or cannot be read.
    """
    return {key: _digest(key, path) for key, path in weight_files(name, arguments).items()}


def _digest(argument: str, path: Path) -> str:
    try:
        return sha256(path)
    except FileNotFoundError as error:
        raise BuildError(no_file(path), argument=argument) from error
    except OSError as error:
        raise BuildError(f"{path} cannot be read: {error.strerror}", argument=argument) from error


def no_file(path: Path) -> str:
    """A message about a file of weights that is not there."""
    near = likely_name(path.name, (other.name for other in path.parent.glob("*")))
    return f"there is no weights file {path}" + (f'; is it "{near}"?' if near else "")


def sha256(path: Path) -> str:
    """The digest of a file, computed once while its size and time stay the same."""
    status = path.stat()
    return _content(path, status.st_size, status.st_mtime_ns)


@cache
def _content(path: Path, size: int, changed: int) -> str:
    """Digest of a file; `size` and `changed` (ns) only make the cache notice a new content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def identified(arguments: Mapping[str, object]) -> dict[str, object]:
    """The arguments that identify what a model computes, without paths of its weights."""
    if not has_given_weights(arguments):
        return {k: v for k, v in arguments.items() if v is not None or k not in ARGUMENTS}
    # Without paths: the digests of the files say which weights they are.
    identifying = architecture(arguments)
    for key in ("pretrained_cfg", "pretrained_cfg_overlay"):
        if isinstance(config := identifying.get(key), Mapping):
            identifying[key] = {name: value for name, value in config.items() if name != "file"}
    return {key: value for key, value in identifying.items() if value != {}}
