"""The contract of parts and models: checks that every entry of a registry must pass.

A check takes one case (a way to build the part, an image, the expected shape) and returns a message
about what is wrong, or "". `CHECKS` lists the checks of every slot.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import torch
from timm.models import get_pretrained_cfg
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from study.errors import unknown
from study.models import SLOTS, factory
from study.models.multiply_adds import KINDS, halved
from study.models.paired_init import unshared
from study.models.parts.reductions import reduced

Shape = tuple[int, ...]


@dataclass(frozen=True)
class ContractCase:
    """One way to build a part or model, the size of an image for it, and the expected output."""

    build: Callable[[str], nn.Module]
    """Builds a new module on a device."""
    doc: str | None
    arguments: str
    """The constructor's arguments as text."""
    image: tuple[int, int, int]
    result: Shape
    """The expected shape of the output; like `image` without the batch dimension."""

    def images(self, batch: int = 2, device: str = "cpu") -> Tensor:
        return torch.randn(batch, *self.image, device=device)


@dataclass(frozen=True)
class CheckResult:
    """The outcome of one check over all cases."""

    check: str
    """The name of the check."""
    ok: bool
    message: str
    """The message of the first failing case, with its arguments and image; "" if all passed."""


Check = Callable[[ContractCase], str]


def checks(slot: str, name: str) -> list[CheckResult]:
    """The results of all checks of a slot for its entry `name`."""
    return [
        _check_result(what, check, part_cases(slot, name)) for what, check in CHECKS[slot].items()
    ]


def model_checks(name: str) -> list[CheckResult]:
    """The results of all checks of models for the timm model `name`."""
    return [
        _check_result(what, check, model_cases(name)) for what, check in CHECKS["model"].items()
    ]


def _check_result(name: str, check: Check, cases: Iterable[ContractCase]) -> CheckResult:
    """Run one check; it ends at the first case that fails."""
    for case in cases:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)  # a part fails every time, or never
            try:
                message = check(case)
            except Exception as error:  # the part is a user's code, so an error is its result
                message = f"{type(error).__name__}: {error}"
        if message:
            where = f"{case.arguments}, on {_by(case.image)}"
            return CheckResult(name, False, f"{message} ({where})")
    return CheckResult(name, True, "")


# ---- cases ----

PartShapes = tuple[Shape | tuple[int, Shape], tuple[int, int, int], Shape]
"""Constructor arguments, shape of the image, expected shape of the output."""

# The sizes below are odd, oblong and smaller than a window on purpose: rounding and padding differ
# between parts exactly there.


def stems() -> Iterator[PartShapes]:
    sizes = ((64, 64), (33, 50), (65, 97), (70, 31))
    for (in_chans, C), (H, W) in product(((3, 16), (1, 48)), sizes):
        yield (in_chans, C), (in_chans, H, W), (C, halved(halved(H)), halved(halved(W)))


def embeddings() -> Iterator[PartShapes]:
    sizes = ((16, 16), (9, 13), (2, 5))
    for (channels, C), (H, W) in product(((16, 32), (48, 96), (16, 16)), sizes):
        yield (channels, C), (channels, H, W), (C, halved(H), halved(W))


def reductions() -> Iterator[PartShapes]:
    built = ((16, 2), (48, 3), (16, 4), (48, 5), (16, 7), (48, 8))
    for (C, ratio), (H, W) in product(built, ((24, 16), (9, 13), (2, 5))):
        yield (C, ratio), (C, H, W), (C, reduced(H, ratio), reduced(W, ratio))


def positions() -> Iterator[PartShapes]:
    for C, (H, W) in product((16, 48), ((8, 8), (5, 7), (12, 3))):
        yield (C, (8, 8)), (C, H, W), (C, H, W)


CASES: dict[str, Callable[[], Iterator[PartShapes]]] = {
    "stem": stems,
    "embedding": embeddings,
    "reduction": reductions,
    "position": positions,
}


def part_cases(slot: str, name: str) -> Iterator[ContractCase]:
    part = SLOTS[slot][name]
    for arguments, image, result in CASES[slot]():

        def build(device: str, arguments: Any = arguments) -> nn.Module:
            with torch.device(device):  # as in factory.created: parts may ignore `device`
                return part(*arguments, device=device, dtype=None)

        # An instance without a docstring of its own has that of its type (functools.partial, say).
        doc = part.__doc__ if part.__doc__ != type(part).__doc__ else None
        yield ContractCase(build, doc, f"built with {arguments}", image, result)


def model_cases(name: str) -> Iterator[ContractCase]:
    """Two cases for a timm model, at the input size of its timm configuration or at 64 px."""
    cfg = get_pretrained_cfg(name)
    side = cfg.input_size[-1] if cfg else 64
    for classes, in_chans in ((7, 3), (5, 1)):
        shape = {"num_classes": classes, "in_chans": in_chans, "img_size": side}

        def build(device: str, shape: Any = shape) -> nn.Module:
            return factory.build(name, {}, device=device, **shape)

        arguments = f"with {classes} classes"
        yield ContractCase(build, None, arguments, (in_chans, side, side), (classes,))


# ---- checks ----


def builds(case: ContractCase) -> str:
    """The module is built on the requested device; planning uses meta, which costs no memory."""
    for device in ("cpu", "meta"):
        module = case.build(device)
        tensors = {**dict(module.named_parameters()), **dict(module.named_buffers())}
        if astray := [name for name, tensor in tensors.items() if tensor.device.type != device]:
            return f"{', '.join(astray)} is not on {device}, where it was built"
        module.eval()(case.images(device=device))
    return ""


def maps(case: ContractCase) -> str:
    """The output has the declared shape and is finite."""
    result = case.build("cpu").eval()(case.images())
    if result.shape != (2, *case.result):
        return f"gives {_by(result.shape[1:])}, not {_by(case.result)}"
    return "" if result.isfinite().all() else "gives numbers that are not finite"


def costs(case: ContractCase) -> str:
    """The declared multiply-adds of convolutions and matrix products equal those that run."""
    module = case.build("cpu").eval().requires_grad_(False)
    formula: Any = getattr(module, "multiply_adds", None)
    if formula is None:
        return "has no multiply_adds(height, width)"
    declared = formula(*case.image[1:])
    if not isinstance(declared, Counter):
        return f"multiply_adds gives no Cost but {type(declared).__name__}"
    if strange := sorted(declared.keys() - set(KINDS)):
        return "multiply_adds: " + unknown("kind", strange[0], KINDS)
    with ProductCounter() as counter:
        module(case.images(1).requires_grad_() * 1)  # no leaf: parts may change it in place
    wrong = [
        f"multiply_adds says {declared[kind]:,} of {kind} where {counter.multiply_adds[kind]:,} run"
        for kind in ("conv", "linear", "matmul")
        if declared[kind] != counter.multiply_adds[kind]
    ]
    return ", ".join(wrong)


def depends(case: ContractCase) -> str:
    """Two different images give different outputs."""
    module = case.build("cpu").eval()
    first, second = module(case.images()), module(case.images())
    return "gives the same for every image" if torch.equal(first, second) else ""


def separates(case: ContractCase) -> str:
    """In eval mode the output for an image does not depend on the rest of its batch."""
    module, images = case.build("cpu").eval(), case.images(3)
    together = module(images)  # (3, ...)
    alone = torch.cat([module(image[None]) for image in images])
    return "" if _close(together, alone) else "an image's result depends on the others of its batch"


def trains(case: ContractCase) -> str:
    """A gradient reaches the input and every parameter; it may be zero, as behind a closed gate."""
    module, images = case.build("cpu").train(), case.images().requires_grad_()
    result = module(images * 1)
    if result.requires_grad:
        result.sum().backward()
    learned = {name: p for name, p in module.named_parameters() if p.requires_grad}
    dead = [
        name for name, tensor in [*learned.items(), ("the input", images)] if tensor.grad is None
    ]
    return f"no gradient reaches {', '.join(dead)}" if dead else ""


def repeats(case: ContractCase) -> str:
    """In eval mode the same images give the same output twice."""
    module, images = case.build("cpu").eval(), case.images()
    same = torch.equal(module(images), module(images))
    return "" if same else "gives something else the second time, in eval mode"


def restores(case: ContractCase) -> str:
    """Loading the state_dict into a second module gives the same outputs."""
    first, second, images = case.build("cpu").eval(), case.build("cpu").eval(), case.images()
    second.load_state_dict(first.state_dict())
    return "" if _close(first(images), second(images)) else "its state_dict does not restore it"


def starts(case: ContractCase) -> str:
    """Initial weights follow from the parameter's name and the seed, so arms can share them."""
    names = sorted(unshared(lambda: case.build("cpu"), 0))
    message = "is not drawn in place (nn.init), so other layers change its initial value"
    return f"{', '.join(names)} {message}" if names else ""


def says(case: ContractCase) -> str:
    """The part has a docstring; its first line is printed by `study parts`."""
    first = (case.doc or "").strip().partition("\n")[0]
    return "" if first.endswith(".") else "has no docstring whose first line ends in a full stop"


def first_layer(case: ContractCase) -> str:
    """timm adapts released weights to another number of channels in the layer `conv1`."""
    module = case.build("cpu")
    return "" if hasattr(module, "conv1") else "has no conv1, the layer that sees the image"


EVERY: dict[str, Check] = {
    "builds on cpu and meta": builds,
    "maps the declared shapes": maps,
    "keeps images apart": separates,
    "trains": trains,
    "repeats itself": repeats,
    "is restored by its state": restores,
    "starts by its own names": starts,
}
PART: dict[str, Check] = {
    "says what it is": says,
    **EVERY,
    "depends on its input": depends,
    "costs what it says": costs,
}
CHECKS: dict[str, dict[str, Check]] = {
    "stem": {**PART, "names its first layer": first_layer},
    "embedding": PART,
    "reduction": PART,
    "position": PART,
    "model": EVERY,
}

# ---- measuring ----


class ProductCounter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the multiply-adds that run, by kind.

    A product is `matmul` if both factors depend on the image, else `linear`. Only the image
    requires a gradient, so a tensor depends on the image if it requires one.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.multiply_adds: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        packet = func.overloadpacket
        if packet in flop_registry:
            flops = flop_registry[packet](*args, **(kwargs or {}), out_val=result)
            factors = [arg for arg in args if isinstance(arg, Tensor)][-2:]  # a bias comes first
            from_image = all(factor.requires_grad for factor in factors)
            convolves = "convolution" in packet.__name__
            kind = "conv" if convolves else "matmul" if from_image else "linear"
            self.multiply_adds[kind] += flops // 2  # one multiply-add is two operations
        return result


def _close(actual: Tensor, expected: Tensor) -> bool:
    """True if two tensors are equal up to float32 rounding in sums of another order."""
    tolerance = 1e-4 * float(expected.detach().abs().max())
    return torch.allclose(actual, expected, rtol=0, atol=tolerance)


def _by(shape: Iterable[int]) -> str:
    return "x".join(map(str, shape))
