"""The tensors of a checkpoint file that fit a model: renamed, compared, all or none."""

import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from study.errors import BuildError
from study.models.checkpoint_files import (
    BROKEN,
    LISTED_NAMES,
    State,
    candidates,
    contents,
    spellings,
)


@dataclass(frozen=True)
class Candidate:
    """One set of tensors in a file, with the names of the model."""

    key: str
    prefix: str
    tensors: State
    misfits: tuple[str, ...]
    """Reasons why the tensors are not the model's; empty if they are."""
    classifier: tuple[str, ...] = ()
    """Tensors of a classifier of other classes, which are left out."""
    classes: int = 0
    """The number of classes of a classifier that is left out."""


def fitting(
    model: nn.Module,
    path: Path,
    *,
    ema: bool | None = None,
    key: str | None = None,
    new_head: bool = False,
) -> Candidate:
    """The only set of tensors in a file that fits the model; raises BuildError as `load` does.

    With `new_head` a classifier of another number of classes fits too, and is left out.
    """
    sets = candidates(contents(path), path, ema=ema, key=key)
    fits = [_fit(model, path, name, state, new_head) for name, state in sets.items()]
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


def _fit(model: nn.Module, path: Path, key: str, state: State, new_head: bool) -> Candidate:
    """The tensors with the prefix removed that fits, or that gives most names of the model."""
    fits = []
    for prefix, names in spellings(state):
        try:
            tensors = renamed(names, model, path)
        except BuildError as error:
            # The function may know the names that are left without a longer prefix.
            fits.append(Candidate(key, prefix, {}, (str(error),)))
            continue
        fits.append(_candidate(key, prefix, tensors, model, new_head))
        if not fits[-1].misfits:
            return fits[-1]
    own = model.state_dict().keys()
    # The nearest set makes the shortest message about missing names.
    return max(fits, key=lambda fit: len(own & fit.tensors.keys()))


def _candidate(
    key: str, prefix: str, tensors: State, model: nn.Module, new_head: bool
) -> Candidate:
    names, classes = other_classes(tensors, model) if new_head else ([], 0)
    left = {name: tensor for name, tensor in tensors.items() if name not in names}
    wrong = misfits(left, model, random=names)
    return Candidate(key, prefix, left, tuple(wrong), tuple(names), classes)


def other_classes(tensors: Mapping[str, Tensor], model: nn.Module) -> tuple[list[str], int]:
    """The names of a classifier's tensors and its number of classes, if the model has others."""
    heads, own = classifiers(model), model.state_dict()
    names = [n for n in own if n.startswith(heads) and n in tensors]
    shapes = [(tensors[name].shape, own[name].shape) for name in names]
    # Only the first axis, the classes, may differ.
    if not heads or any(theirs[1:] != ours[1:] for theirs, ours in shapes):
        return [], 0
    others = [theirs[0] for theirs, ours in shapes if theirs != ours]
    return (names, int(others[0])) if others else ([], 0)


def classifiers(model: nn.Module) -> tuple[str, ...]:
    """The prefixes of the names of a model's classifier: timm's models may have two heads."""
    # A model that is not timm's may have none, so its classifier is not known by name.
    named = getattr(model, "pretrained_cfg", {}).get("classifier") or ()
    names = (named,) if isinstance(named, str) else tuple(named)
    return tuple(f"{name}." for name in names)


def renamed(state: State, model: nn.Module, path: Path) -> State:
    """Tensors renamed by the `checkpoint_filter_fn` of the model's family, if there is one."""
    # The class before its bases, whose modules may have the function instead.
    families = [vars(sys.modules[kind.__module__]) for kind in type(model).__mro__]
    rename = next(filter(None, (f.get("checkpoint_filter_fn") for f in families)), None)
    try:
        return dict(rename(state, model) if rename else state)
    except (*BROKEN, AssertionError) as error:  # the function expects its own family's tensors
        name = type(model).__name__
        raise BuildError(f"{path} is no checkpoint of a {name} ({error})") from error


def misfits(
    tensors: Mapping[str, Tensor], model: nn.Module, random: Collection[str] = ()
) -> list[str]:
    """Messages about missing, unexpected and misshapen tensors; those of `random` may lack."""
    own = model.state_dict()
    # Older checkpoints lack this counter, which batch norm reads only for momentum None.
    wanted = [k for k in own if k not in random and not k.endswith("num_batches_tracked")]
    missing = [k for k in wanted if k not in tensors]
    unexpected = [k for k in tensors if k not in own]
    shapes = ((k, tuple(tensors[k].shape), tuple(v.shape)) for k, v in own.items() if k in tensors)
    misshapen = [f"{k} {theirs} for {ours}" for k, theirs, ours in shapes if theirs != ours]
    kinds = {"missing": missing, "unexpected": unexpected, "misshapen": misshapen}
    messages = [f"{len(names)} {kind}: {_first(names)}" for kind, names in kinds.items() if names]
    heads = classifiers(model)
    # All else fits, so the file is of this model with other classes.
    if heads and misshapen and all(n.startswith(heads) for n in missing + unexpected + misshapen):
        messages.append(
            "another number of classes: images of some of the classes need a class_map of all; "
            "weights: FILE in a baseline trains a new classifier"
        )
    return messages


def _first(names: Collection[str]) -> str:
    more = ["..."] if len(names) > LISTED_NAMES else []
    return ", ".join([*list(names)[:LISTED_NAMES], *more])
