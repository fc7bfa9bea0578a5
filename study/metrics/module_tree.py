"""The tree of a model's modules: parameters, multiply-adds and output shape of each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from study.metrics import RULES
from study.metrics.counter_contract import Size, device_of, image
from study.metrics.counters import Tally, spelled_out

Shapes = tuple[tuple[int, ...], ...]
"""The shapes of the tensors in an output."""


@dataclass(frozen=True)
class ModuleNode:
    """A module of a model, or several equal siblings that are shown as one."""

    name: str
    """The last segment of its dotted name; `0-11` for equal siblings of these numbers."""
    kind: str
    """The name of its class."""
    params: int
    macs: int
    """Multiply-adds of all kinds for one image, in all calls; those of each sibling."""
    shapes: Shapes
    """The output shapes of its last call for one image; empty if it is never called."""
    children: tuple["ModuleNode", ...] = ()


@dataclass
class ModuleRun:
    """The multiply-adds and output shapes of every module in a forward pass."""

    macs: dict[nn.Module, int] = field(default_factory=dict)
    shapes: dict[nn.Module, Shapes] = field(default_factory=dict)


def module_tree(build: Callable[[str], nn.Module], size: Size) -> ModuleNode:
    """The tree of a model for one image of `size` (C, H, W), equal siblings folded.

    `build(device)` is called with "meta", and with "cpu" where the model cannot run without values.
    """
    try:
        model = build("meta").eval()
        run = _run(model, size)
    # Of models that read values, which meta tensors do not have.
    except (RuntimeError, ValueError, TypeError, AssertionError):
        model = build("cpu").eval()
        run = _run(model, size)
    return _node("", model, run)


def _run(model: nn.Module, size: Size) -> ModuleRun:
    run, tally = ModuleRun(), Tally()
    # A stack, since a module calls its parts before it returns.
    begun = list[int]()

    def begin(module: nn.Module, inputs: object) -> None:
        begun.append(_total(tally))

    def end(module: nn.Module, inputs: object, output: object) -> None:
        # Added up, since a module may be called several times for one image.
        run.macs[module] = run.macs.get(module, 0) + _total(tally) - begun.pop()
        leaves = (leaf for leaf in tree_leaves(output) if isinstance(leaf, Tensor))
        run.shapes[module] = tuple(tuple(leaf.shape) for leaf in leaves)

    model.requires_grad_(False)  # only what depends on the image is then a product of two operands
    for module in model.modules():
        module.register_forward_pre_hook(begin)
        module.register_forward_hook(end)
    with torch.random.fork_rng(devices=[]), spelled_out(), tally:
        model(image(size, device_of(model)))
    return run


def _total(tally: Tally) -> int:
    return sum(tally.macs[kind] for kind in RULES["all"])


def _node(name: str, module: nn.Module, run: ModuleRun) -> ModuleNode:
    children = [_node(child, part, run) for child, part in module.named_children()]
    # A container such as a list is never called itself; its parts are.
    macs = run.macs.get(module, sum(child.macs for child in children))
    # A weight that modules share counts in each, so they may sum to more than their parent.
    params = sum(weight.numel() for weight in module.parameters())
    kind, shapes = type(module).__name__, run.shapes.get(module, ())
    return ModuleNode(name, kind, params, macs, shapes, folded(children))


def folded(siblings: Sequence[ModuleNode]) -> tuple[ModuleNode, ...]:
    """Siblings of which consecutive ones with numbers for names, equal in all else, are one."""
    # Numbers are the names in nn.Sequential and nn.ModuleList; other names say something.
    groups = groupby(siblings, lambda node: replace(node, name="") if node.name.isdigit() else node)
    return tuple(_joined(list(group)) for _, group in groups)


def _joined(nodes: Sequence[ModuleNode]) -> ModuleNode:
    first, last = nodes[0], nodes[-1]
    return replace(first, name=f"{first.name}-{last.name}") if len(nodes) > 1 else first
