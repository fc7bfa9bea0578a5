"""Given weights: from a checkpoint file, or fetched by timm; into a model whole or not at all."""

import hashlib
import logging
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from study import given
from study.errors import BuildError
from study.models.checkpoints import (
    BROKEN,
    SHOWN,
    State,
    candidates,
    contents,
    is_average,
    spellings,
)
from study.models.construction import build, created, known


@dataclass(frozen=True)
class Weights:
    """Where weights came from."""

    source: str
    """A file, or what timm fetched."""
    sha256: str | None
    """Of the file."""
    state: str | None
    """The key they stood under in the file; none where they are all there is."""
    average: bool
    """Whether they are a moving average kept beside the trained ones."""
    prefix: str = ""
    """What every name in the file has before the model's own."""


@dataclass(frozen=True)
class Fit:
    """One way to read a file as the weights of a model."""

    key: str
    prefix: str
    tensors: State
    misfits: tuple[str, ...]
    """Why it is not the model's; empty where it is."""


def load(
    model: nn.Module, path: Path, *, ema: bool | None = None, key: str | None = None
) -> Weights:
    """Fill `model` from a file of PyTorch's or safetensors', and say what it was filled with.

    The weights may stand under any key and behind a prefix that all names share. `key` names one of
    several sets; a moving average is taken where there is one, and `ema` insists on it, or on the
    plain weights. Names and sizes are those that the `checkpoint_filter_fn` makes that stands, as
    timm has it, in the module of the model's class or of one that it is derived from.

    Raises:
        BuildError: there is no such file, it holds more or else than tensors and numbers, they are
            not exactly the model's, or several sets are. Nothing has been loaded then.
    """
    fit = fitting(model, path, ema=ema, key=key)
    model.load_state_dict(fit.tensors)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Weights(str(path), digest, fit.key or None, is_average(fit.key), fit.prefix)


def fitting(
    model: nn.Module, path: Path, *, ema: bool | None = None, key: str | None = None
) -> Fit:
    """The one way to read a file that is exactly the model's; raises BuildError as `load` does."""
    found = candidates(contents(path), path, ema=ema, key=key)
    fits = [_fit(model, path, name, state) for name, state in found.items()]
    good = [fit for fit in fits if not fit.misfits]
    if len(good) == 1:
        return good[0]
    if len(fits) == 1:
        name = type(model).__name__
        raise BuildError("\n  ".join([f"{path} does not fit this {name}", *fits[0].misfits]))
    listed = ", ".join(f"{name or 'the file itself'} ({len(found[name])})" for name in found)
    said = "several fit" if good else "none fits"
    raise BuildError(
        f"{path} has several sets of tensors, and {said}: {listed}; name one with "
        "--checkpoint-key, or checkpoint_key in a study"
    )


def _fit(model: nn.Module, path: Path, key: str, state: State) -> Fit:
    """The spelling of the names that fits, or the one with the most names of the model's."""
    fits = []
    for prefix, names in spellings(state):
        try:
            tensors = renamed(names, model, path)
        except BuildError as error:
            fits.append(Fit(key, prefix, {}, (str(error),)))
            continue
        fits.append(Fit(key, prefix, tensors, tuple(misfits(tensors, model))))
        if not fits[-1].misfits:
            return fits[-1]
    own = model.state_dict().keys()
    return max(fits, key=lambda fit: len(own & fit.tensors.keys()))


def renamed(state: State, model: nn.Module, path: Path) -> State:
    """Tensors under the names that the model has, as its family renames them."""
    families = [vars(sys.modules[kind.__module__]) for kind in type(model).__mro__]
    rename = next(filter(None, (f.get("checkpoint_filter_fn") for f in families)), None)
    try:
        return dict(rename(state, model) if rename else state)
    except (*BROKEN, AssertionError) as error:  # written for checkpoints of its own family
        name = type(model).__name__
        raise BuildError(f"{path} is no checkpoint of a {name} ({error})") from error


def misfits(tensors: Mapping[str, Tensor], model: nn.Module) -> list[str]:
    """What is missing, unexpected and misshapen, named."""
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
    return told


def _first(names: Collection[str]) -> str:
    return ", ".join([*list(names)[:SHOWN], *(["..."] if len(names) > SHOWN else [])])


# ---- timm's own ----

SOURCES = ("file", "hf_hub_id", "url")
IDENTITY = (
    *("hf_hub_id", "hf_hub_filename", "url", "source", "architecture", "tag"),
    *("num_classes", "label_offset"),
)
"""Keys of a pretrained configuration that say which weights are fetched, and how they are read."""


def pretrained_cfg(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What timm knows of a model's images and of where its weights are."""
    known(arguments, name)
    model = created(name, given.architecture(arguments), "meta")
    config: dict[str, Any] = getattr(model, "pretrained_cfg", None) or {}
    return config


def pretrained(
    name: str, arguments: Mapping[str, Any], config: Mapping[str, Any], **shape: Any
) -> tuple[nn.Module, Weights]:
    """The model with the weights that timm has for it, by its `pretrained_cfg`.

    Raises:
        BuildError: timm has none for this name and number of classes, or cannot fetch them.
    """
    source = _source(name, config)
    if config["num_classes"] != shape["num_classes"]:  # timm would make a new classifier, at random
        raise BuildError(
            f"{name} has weights for {config['num_classes']} classes, "
            f"the images have {shape['num_classes']}"
        )
    return _fetched(name, arguments, source, **shape), Weights(source, None, None, False)


def _source(name: str, config: Mapping[str, Any]) -> str:
    source = next(filter(None, map(config.get, SOURCES)), None)
    if not source:
        message = f"timm has no weights for {name}; give a checkpoint file"
        raise BuildError(message, argument=given.FETCHED)
    return str(source)


def _fetched(name: str, arguments: Mapping[str, Any], source: str, **shape: Any) -> nn.Module:
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # of its retries it tells 20 lines
    try:
        return build(name, arguments, pretrained=True, **shape)
    except BuildError as error:
        if not _of_network(error.__cause__):
            raise
        reason = (str(error.__cause__).strip().splitlines() or [type(error.__cause__).__name__])[0]
        raise BuildError(
            f"the weights of {name} could not be fetched from {source} ({reason}); "
            "fetch them where there is a network, and give the file as a checkpoint"
        ) from error


def _of_network(error: BaseException | None) -> bool:
    """Whether the network, the hub or the disk is at fault; their libraries raise their own."""
    network = ("httpx", "httpcore", "requests", "urllib3", "huggingface_hub")
    return isinstance(error, OSError) or type(error).__module__.partition(".")[0] in network


# ---- those that a study gives ----


def identity(name: str, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
    """What tells the weights that a model starts from from any others; None for random ones.

    Files by their content, what timm fetches by its name and place. Nothing is fetched.

    Raises:
        BuildError: they contradict each other, are not there, or would not be read.
    """
    _refuse_contradictions(arguments)
    found: dict[str, Any] = {}
    if files := given.digests(name, arguments):
        found["sha256"] = files
    if key := arguments.get("checkpoint_key"):
        found["key"] = key
    if arguments.get(given.FETCHED):
        config = pretrained_cfg(name, arguments)
        _source(name, config)
        found["pretrained"] = {k: config[k] for k in IDENTITY if config.get(k) is not None}
    return found or None


def _refuse_contradictions(arguments: Mapping[str, Any]) -> None:
    fetched, path = (arguments.get(key) for key in (given.FETCHED, given.CHECKPOINT))
    if not isinstance(fetched, bool | None):
        message = f"{given.FETCHED} is true or false, not {fetched!r}"
        raise BuildError(message, argument=given.FETCHED)
    if fetched and path:
        message = f"{given.CHECKPOINT} replaces what {given.FETCHED} fetches: give one of them"
        raise BuildError(message, argument=given.CHECKPOINT)
    if arguments.get("checkpoint_key") and not path:
        message = f"checkpoint_key names a part of {given.CHECKPOINT}, which is not given"
        raise BuildError(message, argument="checkpoint_key")
    for key in ("pretrained_cfg", "pretrained_cfg_overlay"):
        config = arguments.get(key)
        if not fetched and isinstance(config, Mapping) and any(map(config.get, SOURCES)):
            raise BuildError(f"{key} names weights that only pretrained: true reads", argument=key)


def started(name: str, arguments: Mapping[str, Any], **shape: Any) -> nn.Module:
    """The model with the weights that its arguments give; with random ones where they give none.

    Raises:
        BuildError: they cannot be read or fetched, or are not the model's.
    """
    if arguments.get(given.FETCHED):
        source = _source(name, pretrained_cfg(name, arguments))
        return _fetched(name, arguments, source, **shape)
    model = build(name, arguments, **shape)
    if path := arguments.get(given.CHECKPOINT):
        load(model, Path(path).expanduser(), key=arguments.get("checkpoint_key"))
    return model


def refuse_misfit(name: str, arguments: Mapping[str, Any], **shape: Any) -> None:
    """Raises BuildError where a file of weights is not the model's; nothing is fetched."""
    path = arguments.get(given.CHECKPOINT)
    if not path and (not arguments.get(given.FETCHED) or not given.files(name, arguments)):
        return
    try:
        if path:
            model = build(name, arguments, **shape, device="meta")
            fitting(model, Path(path).expanduser(), key=arguments.get("checkpoint_key"))
            return
    except BuildError:  # of the file; or the family cannot rename without values
        pass
    try:
        started(name, arguments, **shape)
    except BuildError as error:
        argument = given.CHECKPOINT if path else given.FETCHED
        raise BuildError(str(error), argument=argument) from error
