"""Surgery: submodules of any model are swapped by name, each for an entry of `REPLACEMENTS`.

A pattern is a dotted name of which `*` stands for one segment, or a part of one, and `**` for any
number of segments: `blocks.*.attn`, `**.norm?`. Where it matches a module and one inside it, the
outer one is swapped.

A replacement is a function `(old module) -> module`. Its output must have the shape of the old
module's, and it must take all arguments that the old module is called with.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import cast

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from study.errors import BuildError, unknown

REPLACE = "replace"
"""The argument of every model that swaps modules: a mapping from patterns to replacements."""

REPLACED_INSIDE = "replaced_inside"
"""The attribute of modules of which a submodule, at any depth, was swapped."""

CLOSED_FORMS = ("multiply_adds", "cost_by_stage")
"""Methods that give the cost of a whole model without running it."""

NUMBER = re.compile(r"(?<![^.])\d+(?![^.])")  # a segment that counts siblings: blocks.0.attn


def replaced(model: nn.Module, patterns: Mapping[str, str]) -> nn.Module:
    """The model, in which every module that a pattern matches was swapped in place.

    The cost of a swapped model is traced: its closed forms are removed.

    Raises:
        BuildError: a replacement is unknown, a pattern matches no module, or two match the same.
    """
    patterns = checked(patterns)
    for name, pattern in targets(model, patterns).items():
        # An empty path stands for the model itself.
        path, _, child = name.rpartition(".")
        parent = model.get_submodule(path)
        old = parent.get_submodule(child)
        # A new module is in training mode, whatever the mode of the old one.
        setattr(parent, child, REPLACEMENTS[patterns[pattern]](old).train(old.training))
        _never_in_place(parent)
        for outer in ("", *_ancestors(name)):
            setattr(model.get_submodule(outer), REPLACED_INSIDE, True)
    for form in CLOSED_FORMS if patterns else ():
        if hasattr(model, form):
            # Not deleted, since the method belongs to the class.
            setattr(model, form, None)
    return model


def replaced_inside(module: nn.Module) -> bool:
    """True if the module computes something else than its class says."""
    return getattr(module, REPLACED_INSIDE, False)


def _never_in_place(parent: nn.Module) -> None:
    # Behind an identity, an in-place activation would change the input of the block, which its
    # shortcut still adds. Out of place it computes the same.
    for child in parent.children():
        if getattr(child, "inplace", False):
            child.inplace = False  # type: ignore[assignment]


def checked(value: object) -> dict[str, str]:
    """The patterns and names of `replace` in the order of the patterns."""
    if not isinstance(value, Mapping):
        message = f"{REPLACE} maps patterns of module names to replacements, not {value!r}"
        raise BuildError(f'{message}: {{"blocks.*.attn": identity}}', argument=REPLACE)
    for pattern, name in value.items():
        if not isinstance(name, str) or name not in REPLACEMENTS:
            message = unknown("replacement", str(name), REPLACEMENTS)
            raise BuildError(message, argument=REPLACE, key=pattern)
    return dict(sorted(value.items()))


def targets(model: nn.Module, patterns: Iterable[str]) -> dict[str, str]:
    """The names of the modules to swap, each with the pattern that matches it."""
    # With duplicates, since a module that is shared has to be swapped under all its names.
    names = [name for name, _ in model.named_modules(remove_duplicate=False) if name]
    owners: dict[str, str] = {}
    for pattern in patterns:
        matching = [name for name in names if matches(pattern, name)]
        if not matching:
            raise BuildError(_unmatched(model, pattern, names), argument=REPLACE, key=pattern)
        if twice := next((name for name in matching if name in owners), None):
            message = f'"{pattern}" and "{owners[twice]}" both match {twice}'
            raise BuildError(f"{message}: one of them only", argument=REPLACE, key=pattern)
        owners |= dict.fromkeys(matching, pattern)
    outer = {name: p for name, p in owners.items() if not owners.keys() & {*_ancestors(name)}}
    for pattern in owners.values():
        if pattern not in outer.values():
            message = f'"{pattern}" matches only modules inside others that are replaced'
            raise BuildError(message, argument=REPLACE, key=pattern)
    return outer


def _ancestors(name: str) -> list[str]:
    segments = name.split(".")
    return [".".join(segments[:depth]) for depth in range(1, len(segments))]


def matches(pattern: str, name: str) -> bool:
    """True if a pattern stands for the whole dotted name."""
    return _match(pattern.split("."), name.split("."))


def _match(pattern: Sequence[str], name: Sequence[str]) -> bool:
    if not pattern:
        return not name
    if pattern[0] == "**":
        # `**` stands for nothing, or takes one segment and stays.
        return _match(pattern[1:], name) or (bool(name) and _match(pattern, name[1:]))
    return bool(name) and fnmatchcase(name[0], pattern[0]) and _match(pattern[1:], name[1:])


def _unmatched(model: nn.Module, pattern: str, names: Sequence[str]) -> str:
    """The message for a pattern without a module, with the names that are nearest to it."""
    weights = [name for name, _ in model.named_parameters() if matches(pattern, name)]
    if weights:
        return f'"{pattern}" matches the parameter {weights[0]}; {REPLACE} swaps modules'
    # A name with stars is compared with the names that count siblings by a star.
    known = {NUMBER.sub("*", name) for name in names} if "*" in pattern else names
    return f"{unknown('module', pattern, known)}; `study parts MODEL` lists them"


# ---- replacements ----


class Replacement(nn.Module):
    """A module that takes any arguments, and computes its output from the first."""

    def forward(self, *inputs: object, **others: object) -> Tensor:
        # Others are what attention takes beside its tokens: a mask, the size of the map.
        return self.result(cast(Tensor, inputs[0] if inputs else next(iter(others.values()))))

    def result(self, x: Tensor) -> Tensor:
        raise NotImplementedError


class Unchanged(Replacement):
    """The input itself."""

    def result(self, x: Tensor) -> Tensor:
        return x


class Zeros(Replacement):
    """Zeros like the input. No gradient reaches what runs before it in its branch."""

    def result(self, x: Tensor) -> Tensor:
        return x.new_zeros(x.shape)


class Mean(Replacement):
    """The mean of the 3x3 neighbours of a map that exist, or of all tokens.

    (B, C, H, W) or (B, H, W, C), as `channels_last` says; or (B, N, C), class token included.
    Unlike PoolFormer's (arXiv 2111.11418) the input is not subtracted.
    """

    def __init__(self, channels_last: bool | None, old: str) -> None:
        super().__init__()
        self.channels_last, self.old = channels_last, old

    def result(self, x: Tensor) -> Tensor:
        if x.ndim == 3:
            # Copied, since a view of one token cannot be reshaped into windows.
            return x.mean(1, keepdim=True).expand_as(x).contiguous()  # (B, N, C)
        if x.ndim != 4 or self.channels_last is None:
            message = f"avgpool cannot tell where the channels of {tuple(x.shape)} are"
            raise BuildError(f"{message}, the input of {self.old}", argument=REPLACE)
        x = x.permute(0, 3, 1, 2) if self.channels_last else x  # (B, C, H, W)
        x = avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)  # (B, C, H, W)
        return x.permute(0, 2, 3, 1) if self.channels_last else x


def channels_last(old: nn.Module) -> bool | None:
    """True for a module of maps (B, H, W, C), by its first layer; None if no layer tells."""
    for layer in old.modules():
        # PyTorch and timm end the names of layers for (B, C, H, W) in 2d, LayerNorm2d among them.
        if isinstance(layer, nn.GroupNorm) or any(
            kind.__name__.endswith("2d") for kind in type(layer).__mro__
        ):
            return False
        if isinstance(layer, nn.Linear | nn.LayerNorm):
            return True
    return None


def identity(old: nn.Module) -> nn.Module:
    """The input, unchanged."""
    return Unchanged()


def zero(old: nn.Module) -> nn.Module:
    """Zeros like the input, which removes a residual branch."""
    return Zeros()


def avgpool(old: nn.Module) -> nn.Module:
    """The mean of the 3x3 neighbours in a map, or of all tokens."""
    return Mean(channels_last(old), type(old).__name__)


REPLACEMENTS: dict[str, Callable[[nn.Module], nn.Module]] = {
    "identity": identity,
    "zero": zero,
    "avgpool": avgpool,
}
