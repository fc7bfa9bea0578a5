"""Check, before anything trains, that replacements give outputs of the shape they stand in for."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import torch
from torch import nn

from study.errors import BuildError
from study.models.outputs import BATCH, described
from study.models.surgery import REPLACE, replaced, targets

Build = Callable[[str], nn.Module]
"""Builds the whole model on a device."""

Hook = Callable[[nn.Module, object, object], None]


def refuse_misshapen(build: Build, patterns: Mapping[str, str], size: tuple[int, ...]) -> None:
    """Raises BuildError for a replacement that cannot stand where the old module stood.

    It has another output shape, or the module is never called, or the model reads an attribute
    that only the old one has. Images of `size` (C, H, W) that the whole model does not take are
    left to other checks.
    """
    failure: Exception | None = None
    for device in ("meta", "cpu"):  # some models read values, which meta tensors do not have
        try:
            model = build(device)
            shapes = _shapes(model, targets(model, patterns), size)
        except Exception:  # models reject images with errors of any type
            continue
        try:
            _compare(model, patterns, shapes, size)
            return
        except BuildError:
            raise
        except Exception as error:  # any that the model's code raises around a replacement
            failure = error
    if failure is not None:
        reason = f"{type(failure).__name__}: {failure}".splitlines()[0]
        message = f"the model does not run with {_listed(patterns)} replaced: {reason}"
        raise BuildError(message, REPLACE, next(iter(patterns))) from failure


def _listed(patterns: Iterable[str]) -> str:
    return ", ".join(f'"{pattern}"' for pattern in patterns)


def _shapes(model: nn.Module, names: Iterable[str], size: tuple[int, ...]) -> dict[str, list[str]]:
    """The shapes of the outputs of every module, one for each of its calls."""
    shapes: dict[str, list[str]] = {name: [] for name in names}

    def record(name: str) -> Hook:
        return lambda module, inputs, output: shapes[name].append(described(output))

    _run(model, {name: record(name) for name in shapes}, size)
    return shapes


def _compare(
    model: nn.Module,
    patterns: Mapping[str, str],
    shapes: Mapping[str, list[str]],
    size: tuple[int, ...],
) -> None:
    """Swap the modules, and raise BuildError at the first output of another shape."""
    owners = targets(model, patterns)
    classes = {name: type(model.get_submodule(name)).__name__ for name in owners}
    calls = Counter[str]()
    for pattern in patterns:
        if not any(shapes[name] for name in owners if owners[name] == pattern):
            name = next(name for name in owners if owners[name] == pattern)
            message = f"{name} ({classes[name]}) is never called, so nothing can stand in for it"
            raise BuildError(message, REPLACE, pattern)

    def compare(name: str) -> Hook:
        def hook(module: nn.Module, inputs: object, output: object) -> None:
            # A slice: with replacements the model may call a module more often than before.
            expected, shape = shapes[name][calls[name] :][:1], described(output)
            calls[name] += 1
            if expected not in ([], [shape]):
                entry = patterns[owners[name]]
                message = f"{entry} cannot replace {name} ({classes[name]}): "
                message += f"its output is {shape}, not {expected[0]}"
                raise BuildError(message, REPLACE, owners[name])

        return hook

    # Only names that were called: the shapes of others are unknown.
    hooks = {name: compare(name) for name in owners if shapes[name]}
    _run(replaced(model, patterns), hooks, size)


def _run(model: nn.Module, hooks: Mapping[str, Hook], size: tuple[int, ...]) -> None:
    """A forward pass with a hook on each module that is named."""
    modules = dict(model.named_modules(remove_duplicate=False))
    handles = [modules[name].register_forward_hook(hook) for name, hook in hooks.items()]
    # Zeros for a model without parameters are made on the CPU.
    device = next(model.parameters(), torch.empty(0)).device
    try:
        # A check must not change the draws of what follows.
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            model.eval()(torch.zeros(BATCH, *size, device=device))
    finally:
        for handle in handles:
            handle.remove()
