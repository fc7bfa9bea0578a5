"""Load given weights, from a checkpoint file or fetched by timm, into a model."""

import hashlib
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

from torch import nn

from study import given_weights
from study.errors import BuildError
from study.models import factory
from study.models.arguments import Arguments
from study.models.checkpoint_files import is_average
from study.models.factory import ImageShape, build, created, refuse_bad_arguments
from study.models.fitting import classifiers, fitting


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


def load(
    model: nn.Module,
    path: Path,
    *,
    ema: bool | None = None,
    key: str | None = None,
    new_head: bool = False,
) -> WeightsSource:
    """Fill `model` from a PyTorch or safetensors file, and return the source of the weights.

    The weights may have any key in the file and a prefix that all names share. `key` picks one of
    several sets; otherwise a moving average comes first. `ema` True requires the average, False the
    plain weights. With `new_head` a classifier of another number of classes stays as it is. As in
    timm, a function `checkpoint_filter_fn` in the module of the model's class
    (or of a base class) renames and resizes the tensors first.

    Raises:
        BuildError: the file is absent, holds more than tensors and numbers, does not fit the model
            exactly, or holds several sets that fit. The model is then unchanged.
    """
    fit = fitting(model, path, ema=ema, key=key, new_head=new_head)
    # Strict: all names and shapes fit, but for those of a new classifier.
    model.load_state_dict(fit.tensors, strict=not fit.classifier)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return WeightsSource(str(path), digest, fit.key or None, is_average(fit.key), fit.prefix)


# ---- weights that timm fetches ----

# In the order in which timm's _resolve_pretrained_source prefers them.
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
    # On meta, as only the configuration is read.
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
        # The cause, since `created` turns every error of timm into a BuildError.
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
        # Called for its error alone: without a source nothing can be fetched.
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


def started(
    name: str, arguments: Arguments, *, new_head: bool = False, **shape: Unpack[ImageShape]
) -> nn.Module:
    """The model with the weights that its arguments name, or with random weights.

    Weights are those of the whole model: modules are replaced afterwards. With `new_head` its
    classifier stays random where that of the weights has other classes.

    Raises:
        BuildError: the weights cannot be read or fetched, or do not fit the model.
    """
    if arguments.get(given_weights.FETCHED):
        source = _source(name, pretrained_cfg(name, arguments))
        return _fetched(name, arguments, source, **shape)
    model = factory.whole(name, arguments, **shape)
    if path := arguments.get(given_weights.CHECKPOINT):
        key = arguments.get("checkpoint_key")
        load(model, Path(path).expanduser(), key=key, new_head=new_head)
    return factory.operated(model, arguments)


def random_classifier(
    name: str, arguments: Arguments, *, new_head: bool = False, **shape: Unpack[ImageShape]
) -> str:
    """A sentence on the classifier that starts at random beside given weights; "" if none does.

    Nothing is fetched.

    Raises:
        BuildError: a weights file does not fit the model; with `new_head` the number of classes
            may differ.
    """
    try:
        if arguments.get(given_weights.CHECKPOINT):
            return _of_file(name, arguments, new_head, **shape)
        if arguments.get(given_weights.FETCHED) and given_weights.weight_files(name, arguments):
            # A file that is here is read, so that a misfit shows before training.
            started(name, arguments, **shape)
    except BuildError as error:
        path = arguments.get(given_weights.CHECKPOINT)
        argument = given_weights.CHECKPOINT if path else given_weights.FETCHED
        raise BuildError(str(error), argument=argument) from error
    if not arguments.get(given_weights.FETCHED):
        return ""
    theirs, ours = pretrained_cfg(name, arguments).get("num_classes"), shape["num_classes"]
    # timm drops the classifier itself.
    heads = classifiers(created(name, factory.constructor(arguments), "meta"))
    return _at_random(heads, theirs, ours) if theirs != ours else ""


def _of_file(name: str, arguments: Arguments, new_head: bool, **shape: Unpack[ImageShape]) -> str:
    path, key = (
        Path(arguments[given_weights.CHECKPOINT]).expanduser(),
        arguments.get("checkpoint_key"),
    )
    try:
        model = factory.whole(name, arguments, **shape, device="meta")
        fit = fitting(model, path, key=key, new_head=new_head)
    except BuildError:  # a wrong file, or a checkpoint_filter_fn that cannot run on meta tensors
        model = factory.whole(name, arguments, **shape)
        fit = fitting(model, path, key=key, new_head=new_head)
    return _at_random(fit.classifier, fit.classes, shape["num_classes"]) if fit.classifier else ""


def _at_random(names: Collection[str], theirs: object, ours: int) -> str:
    tensors = ", ".join(name.removesuffix(".") for name in names)
    return (
        f"the classifier ({tensors}) starts at random: the weights have {theirs} classes, "
        f"the images {ours}"
    )
