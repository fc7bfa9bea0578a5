"""Load given weights, from a checkpoint file or fetched by timm, into a model: all or none."""

import hashlib
import logging
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

from torch import Tensor, nn

from study import given_weights
from study.errors import BuildError
from study.models import factory
from study.models.arguments import Arguments
from study.models.checkpoint_files import (
    BROKEN,
    LISTED_NAMES,
    State,
    candidates,
    contents,
    is_average,
    spellings,
)
from study.models.factory import ImageShape, build, created, refuse_bad_arguments


@dataclass(frozen=True)
class WeightsSource:
    """The source of the weights of a model."""

    source: str
    """A file, or the address that timm fetched from."""
    sha256: str | None
    """Digest of the file; None for fetched weights."""
    state: str | None
    """The key of the weights in the file; None if the file holds nothing else."""
    average: bool
    """True for a moving average (EMA) that was stored beside the trained weights."""
    prefix: str = ""
    """Prefix of every name in the file that the model's names do not have."""


@dataclass(frozen=True)
class Candidate:
    """One set of tensors in a file, with the names of the model."""

    key: str
    prefix: str
    tensors: State
    misfits: tuple[str, ...]
    """Reasons why the tensors are not the model's; empty if they are."""


def load(
    model: nn.Module, path: Path, *, ema: bool | None = None, key: str | None = None
) -> WeightsSource:
    """Fill `model` from a PyTorch or safetensors file, and return the source of the weights.

    The weights may have any key in the file and a prefix that all names share. `key` picks one of
    several sets; otherwise a moving average comes first. `ema` True requires the average, False the
    plain weights. As in timm, a function `checkpoint_filter_fn` in the module of the model's class
    (or of a base class) renames and resizes the tensors first.

    Raises:
        BuildError: the file is absent, holds more than tensors and numbers, does not fit the model
            exactly, or holds several sets that fit. The model is then unchanged.
    """
    fit = fitting(model, path, ema=ema, key=key)
    model.load_state_dict(fit.tensors)  # strict: all names and shapes fit
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return WeightsSource(str(path), digest, fit.key or None, is_average(fit.key), fit.prefix)


def fitting(
    model: nn.Module, path: Path, *, ema: bool | None = None, key: str | None = None
) -> Candidate:
    """The only set of tensors in a file that fits the model; raises BuildError as `load` does."""
    sets = candidates(contents(path), path, ema=ema, key=key)
    fits = [_fit(model, path, name, state) for name, state in sets.items()]
    exact = [fit for fit in fits if not fit.misfits]
    if len(exact) == 1:
        return exact[0]
    if len(fits) == 1:
        name = type(model).__name__
        raise BuildError("\n  ".join([f"{path} does not fit this {name}", *fits[0].misfits]))
    listed = ", ".join(f"{name or 'the file itself'} ({len(sets[name])})" for name in sets)
    result = "several fit" if exact else "none fits"
    raise BuildError(
        f"{path} has several sets of tensors, and {result}: {listed}; name one with "
        "--checkpoint-key, or checkpoint_key in a study"
    )


def _fit(model: nn.Module, path: Path, key: str, state: State) -> Candidate:
    """The tensors with the prefix removed that fits, or that gives most names of the model."""
    fits = []
    for prefix, names in spellings(state):
        try:
            tensors = renamed(names, model, path)
        except BuildError as error:
            fits.append(Candidate(key, prefix, {}, (str(error),)))
            continue
        fits.append(Candidate(key, prefix, tensors, tuple(misfits(tensors, model))))
        if not fits[-1].misfits:
            return fits[-1]
    own = model.state_dict().keys()
    # The nearest set makes the shortest message about missing names.
    return max(fits, key=lambda fit: len(own & fit.tensors.keys()))


def renamed(state: State, model: nn.Module, path: Path) -> State:
    """Tensors renamed by the `checkpoint_filter_fn` of the model's family, if there is one."""
    families = [vars(sys.modules[kind.__module__]) for kind in type(model).__mro__]
    rename = next(filter(None, (f.get("checkpoint_filter_fn") for f in families)), None)
    try:
        return dict(rename(state, model) if rename else state)
    except (*BROKEN, AssertionError) as error:  # the function expects its own family's tensors
        name = type(model).__name__
        raise BuildError(f"{path} is no checkpoint of a {name} ({error})") from error


def misfits(tensors: Mapping[str, Tensor], model: nn.Module) -> list[str]:
    """Messages about missing, unexpected and misshapen tensors."""
    own = model.state_dict()
    # Older checkpoints lack this counter, which batch norm reads only for momentum None.
    missing = [k for k in own if k not in tensors and not k.endswith("num_batches_tracked")]
    unexpected = [k for k in tensors if k not in own]
    shapes = ((k, tuple(tensors[k].shape), tuple(v.shape)) for k, v in own.items() if k in tensors)
    misshapen = [f"{k} {theirs} for {ours}" for k, theirs, ours in shapes if theirs != ours]
    kinds = {"missing": missing, "unexpected": unexpected, "misshapen": misshapen}
    messages = [f"{len(names)} {kind}: {_first(names)}" for kind, names in kinds.items() if names]
    head = getattr(model, "pretrained_cfg", {}).get("classifier")
    if head and misshapen and all(n.startswith(head) for n in missing + unexpected + misshapen):
        messages.append(
            "another number of classes: images of some of the classes need a class_map of all"
        )
    return messages


def _first(names: Collection[str]) -> str:
    more = ["..."] if len(names) > LISTED_NAMES else []
    return ", ".join([*list(names)[:LISTED_NAMES], *more])


# ---- weights that timm fetches ----

SOURCES = ("file", "hf_hub_id", "url")
IDENTITY = (
    "hf_hub_id",
    "hf_hub_filename",
    "url",
    "source",
    "architecture",
    "tag",
    "num_classes",
    "label_offset",
)
"""Keys of a timm configuration that decide which weights are fetched and how they are read."""


def pretrained_cfg(name: str, arguments: Arguments) -> dict[str, object]:
    """timm's configuration of a model: input size, normalisation, source of weights."""
    refuse_bad_arguments(arguments, name)
    model = created(name, factory.constructor(arguments), "meta")
    config: dict[str, object] = getattr(model, "pretrained_cfg", None) or {}
    return config


def pretrained(
    name: str, arguments: Arguments, config: Mapping[str, object], **shape: Unpack[ImageShape]
) -> tuple[nn.Module, WeightsSource]:
    """The model with the weights that its timm configuration names.

    Raises:
        BuildError: timm has no weights for this name and number of classes, or cannot fetch them.
    """
    source = _source(name, config)
    if config["num_classes"] != shape["num_classes"]:  # timm would silently add a random classifier
        raise BuildError(
            f"{name} has weights for {config['num_classes']} classes, "
            f"the images have {shape['num_classes']}"
        )
    return _fetched(name, arguments, source, **shape), WeightsSource(source, None, None, False)


def _source(name: str, config: Mapping[str, object]) -> str:
    source = next(filter(None, map(config.get, SOURCES)), None)
    if not source:
        message = f"timm has no weights for {name}; give a checkpoint file"
        raise BuildError(message, argument=given_weights.FETCHED)
    return str(source)


def _fetched(
    name: str, arguments: Arguments, source: str, **shape: Unpack[ImageShape]
) -> nn.Module:
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # its retries log 20 lines
    try:
        return build(name, arguments, pretrained=True, **shape)
    except BuildError as error:
        if not _of_network(error.__cause__):
            raise
        reason = (str(error.__cause__).strip().splitlines() or [type(error.__cause__).__name__])[0]
        raise BuildError(
            f"the weights of {name} could not be fetched from {source} ({reason}); "
            "fetch them on a machine with network access, and give the file as a checkpoint"
        ) from error


def _of_network(error: BaseException | None) -> bool:
    """True for errors of the network, the hub or the disk, judged by the library that raised."""
    # By name, since none of them need be installed.
    network = ("httpx", "httpcore", "requests", "urllib3", "huggingface_hub")
    return isinstance(error, OSError) or type(error).__module__.partition(".")[0] in network


# ---- weights in a study file ----


def identity(name: str, arguments: Arguments) -> dict[str, object] | None:
    """A record that identifies the initial weights of a model; None for random weights.

    Files count by their digest, fetched weights by name and address. Nothing is fetched.

    Raises:
        BuildError: the arguments contradict each other, or a file is absent or would not be read.
    """
    _refuse_contradictions(arguments)
    identifiers: dict[str, object] = {}
    # Not the path, where other weights may lie tomorrow.
    if files := given_weights.weight_digests(name, arguments):
        identifiers["sha256"] = files
    if key := arguments.get("checkpoint_key"):
        identifiers["key"] = key
    if arguments.get(given_weights.FETCHED):
        config = pretrained_cfg(name, arguments)
        _source(name, config)
        identifiers["pretrained"] = {k: config[k] for k in IDENTITY if config.get(k) is not None}
    return identifiers or None


def _refuse_contradictions(arguments: Arguments) -> None:
    fetched, path = (
        arguments.get(key) for key in (given_weights.FETCHED, given_weights.CHECKPOINT)
    )
    if not isinstance(fetched, bool | None):
        message = f"{given_weights.FETCHED} is true or false, not {fetched!r}"
        raise BuildError(message, argument=given_weights.FETCHED)
    if fetched and path:
        both = f"{given_weights.CHECKPOINT} and {given_weights.FETCHED}"
        message = f"{both} exclude each other: give one of them"
        raise BuildError(message, argument=given_weights.CHECKPOINT)
    if arguments.get("checkpoint_key") and not path:
        message = f"checkpoint_key needs {given_weights.CHECKPOINT}, which is not given"
        raise BuildError(message, argument="checkpoint_key")
    for key in ("pretrained_cfg", "pretrained_cfg_overlay"):
        config = arguments.get(key)
        if not fetched and isinstance(config, Mapping) and any(map(config.get, SOURCES)):
            raise BuildError(f"{key} names weights that only pretrained: true reads", argument=key)


def started(name: str, arguments: Arguments, **shape: Unpack[ImageShape]) -> nn.Module:
    """The model with the weights that its arguments name, or with random weights.

    Weights are those of the whole model: modules are replaced afterwards.

    Raises:
        BuildError: the weights cannot be read or fetched, or do not fit the model.
    """
    if arguments.get(given_weights.FETCHED):
        source = _source(name, pretrained_cfg(name, arguments))
        return _fetched(name, arguments, source, **shape)
    model = factory.whole(name, arguments, **shape)
    if path := arguments.get(given_weights.CHECKPOINT):
        load(model, Path(path).expanduser(), key=arguments.get("checkpoint_key"))
    return factory.operated(model, arguments)


def refuse_misfit(name: str, arguments: Arguments, **shape: Unpack[ImageShape]) -> None:
    """Raises BuildError for a weights file that does not fit the model; nothing is fetched."""
    path = arguments.get(given_weights.CHECKPOINT)
    if not path and (
        not arguments.get(given_weights.FETCHED) or not given_weights.weight_files(name, arguments)
    ):
        return
    try:
        if path:
            model = factory.whole(name, arguments, **shape, device="meta")
            fitting(model, Path(path).expanduser(), key=arguments.get("checkpoint_key"))
            return
    except BuildError:  # a wrong file, or a checkpoint_filter_fn that cannot run on meta tensors
        pass
    try:
        started(name, arguments, **shape)
    except BuildError as error:
        argument = given_weights.CHECKPOINT if path else given_weights.FETCHED
        raise BuildError(str(error), argument=argument) from error
