"""Given weights of a backbone: those of a classifier, whose other tensors are left out."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from study.errors import BuildError
from study.models.checkpoint_files import LISTED_NAMES, State, candidates, contents, spellings
from study.models.fitting import renamed


@dataclass(frozen=True)
class BackboneFit:
    """The tensors of a file that a backbone takes, and those that do not fit."""

    key: str
    """The set of tensors in the file; "" for the file itself."""
    tensors: Mapping[str, Tensor]
    missing: tuple[str, ...]
    """Tensors of the backbone that the file lacks."""
    unexpected: tuple[str, ...]
    """Tensors of the file that the backbone has not, such as a classifier's."""


def fit(classifier: nn.Module, body: nn.Module, path: Path, key: str | None = None) -> BackboneFit:
    """The tensors of `path` that the backbone `body` takes.

    `classifier` is the whole model that the backbone is part of: the function that renames its
    family's checkpoints knows no other.

    Raises:
        BuildError: the file is absent or no checkpoint, has no tensor of the backbone, or has one
            of another shape.
    """
    sets = candidates(contents(path), path, ema=None, key=key)
    fits = [
        _fit(body, name, renamed(names, classifier, path))
        for name, state in sets.items()
        for _, names in spellings(state)
    ]
    # The nearest set: a file may hold an average and an optimizer beside the weights.
    best = max(fits, key=lambda fit: len(fit.tensors))
    if not best.tensors:
        raise BuildError(f"{path} has no tensor of this backbone")
    own = body.state_dict()
    shapes = ((n, tuple(x.shape), tuple(own[n].shape)) for n, x in best.tensors.items())
    wrong = [f"{name} {theirs} for {ours}" for name, theirs, ours in shapes if theirs != ours]
    if wrong:
        listed = ", ".join([*wrong[:LISTED_NAMES], *(["..."] if wrong[LISTED_NAMES:] else [])])
        raise BuildError(f"{path} is of a backbone of other sizes: {listed}")
    return best


def _fit(body: nn.Module, key: str, tensors: State) -> BackboneFit:
    own = body.state_dict()
    # Older checkpoints lack this counter, which batch norm reads only for momentum None.
    wanted = [name for name in own if not name.endswith("num_batches_tracked")]
    return BackboneFit(
        key,
        {name: x for name, x in tensors.items() if name in own},
        tuple(name for name in wanted if name not in tensors),
        tuple(name for name in tensors if name not in own),
    )


def load(classifier: nn.Module, body: nn.Module, path: Path, key: str | None = None) -> None:
    """Fill a backbone from a file; raises as `fit` does."""
    # Not strict: the plan has said which tensors are missing.
    body.load_state_dict(dict(fit(classifier, body, path, key).tensors), strict=False)
