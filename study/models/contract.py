"""What every entry of a slot holds to, and every model that a study can be about.

A check is a function of a case that returns what is wrong with it, or nothing; it stands in
`CHECKS`, under the slots that it is for.
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
from study.models import SLOTS, construction
from study.models.cost import KINDS, halved
from study.models.initial import unshared
from study.models.parts.reductions import reduced

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Case:
    """One way to build a part or a model, an image for it, and what must come out of that."""

    build: Callable[[str], nn.Module]
    """Anew each time, on a device."""
    doc: str | None
    told: str
    """The arguments, for people."""
    image: tuple[int, int, int]
    result: Shape
    """Both without the batch."""

    def images(self, batch: int = 2, device: str = "cpu") -> Tensor:
        return torch.randn(batch, *self.image, device=device)


@dataclass(frozen=True)
class Finding:
    """What one check showed; `said` is what was wrong, and where."""

    what: str
    ok: bool
    said: str


Check = Callable[[Case], str]


def checks(slot: str, name: str) -> list[Finding]:
    """What the checks of `slot` say of its entry `name`."""
    return [_finding(what, check, part_cases(slot, name)) for what, check in CHECKS[slot].items()]


def model_checks(name: str) -> list[Finding]:
    """What the checks of models say of the timm model `name`."""
    return [_finding(what, check, model_cases(name)) for what, check in CHECKS["model"].items()]


def _finding(what: str, check: Check, cases: Iterable[Case]) -> Finding:
    """Ends at the first case that shows something wrong."""
    for case in cases:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            try:
                said = check(case)
            except Exception as error:  # somebody else's code, and what it raises is the finding
                said = f"{type(error).__name__}: {error}"
        if said:
            return Finding(what, False, f"{said} ({case.told}, on {_by(case.image)})")
    return Finding(what, True, "")


# ---- cases ----

Made = tuple[Shape | tuple[int, Shape], tuple[int, int, int], Shape]
"""Arguments, image, result."""


def stems() -> Iterator[Made]:
    sizes = ((64, 64), (33, 50), (65, 97), (70, 31))
    for (in_chans, C), (H, W) in product(((3, 16), (1, 48)), sizes):
        yield (in_chans, C), (in_chans, H, W), (C, halved(halved(H)), halved(halved(W)))


def embeddings() -> Iterator[Made]:
    sizes = ((16, 16), (9, 13), (2, 5))
    for (channels, C), (H, W) in product(((16, 32), (48, 96), (16, 16)), sizes):
        yield (channels, C), (channels, H, W), (C, halved(H), halved(W))


def reductions() -> Iterator[Made]:
    built = ((16, 2), (48, 3), (16, 4), (48, 5), (16, 7), (48, 8))
    for (C, ratio), (H, W) in product(built, ((24, 16), (9, 13), (2, 5))):
        yield (C, ratio), (C, H, W), (C, reduced(H, ratio), reduced(W, ratio))


def positions() -> Iterator[Made]:
    for C, (H, W) in product((16, 48), ((8, 8), (5, 7), (12, 3))):
        yield (C, (8, 8)), (C, H, W), (C, H, W)


CASES: dict[str, Callable[[], Iterator[Made]]] = {
    "stem": stems,
    "embedding": embeddings,
    "reduction": reductions,
    "position": positions,
}


def part_cases(slot: str, name: str) -> Iterator[Case]:
    part = SLOTS[slot][name]
    for arguments, image, result in CASES[slot]():

        def build(device: str, arguments: Any = arguments) -> nn.Module:
            with torch.device(device):  # as models are built: most parts need not take the device
                return part(*arguments, device=device, dtype=None)

        own = part.__doc__ if part.__doc__ != type(part).__doc__ else None
        yield Case(build, own, f"built with {arguments}", image, result)


def model_cases(name: str) -> Iterator[Case]:
    """At the size that timm knows of the model, or 64 px."""
    cfg = get_pretrained_cfg(name)
    side = cfg.input_size[-1] if cfg else 64
    for classes, in_chans in ((7, 3), (5, 1)):
        shape = {"num_classes": classes, "in_chans": in_chans, "img_size": side}

        def build(device: str, shape: Any = shape) -> nn.Module:
            return construction.build(name, {}, device=device, **shape)

        told = f"with {classes} classes"
        yield Case(build, None, told, (in_chans, side, side), (classes,))


# ---- checks ----


def builds(case: Case) -> str:
    """Wherever it is told to, so that a plan costs no memory."""
    for device in ("cpu", "meta"):
        module = case.build(device)
        tensors = {**dict(module.named_parameters()), **dict(module.named_buffers())}
        if astray := [name for name, tensor in tensors.items() if tensor.device.type != device]:
            return f"{', '.join(astray)} is not on {device}, where it was built"
        module.eval()(case.images(device=device))
    return ""


def maps(case: Case) -> str:
    result = case.build("cpu").eval()(case.images())
    if result.shape != (2, *case.result):
        return f"gives {_by(result.shape[1:])}, not {_by(case.result)}"
    return "" if result.isfinite().all() else "gives numbers that are not finite"


def costs(case: Case) -> str:
    """What is declared of convolutions and products is what runs."""
    module = case.build("cpu").eval().requires_grad_(False)
    formula: Any = getattr(module, "multiply_adds", None)
    if formula is None:
        return "has no multiply_adds(height, width)"
    declared = formula(*case.image[1:])
    if not isinstance(declared, Counter):
        return f"multiply_adds gives no Cost but {type(declared).__name__}"
    if strange := sorted(declared.keys() - set(KINDS)):
        return "multiply_adds: " + unknown("kind", strange[0], KINDS)
    with Products() as ran:
        module(case.images(1).requires_grad_() * 1)
    wrong = [
        f"multiply_adds says {declared[kind]:,} of {kind} where {ran.found[kind]:,} run"
        for kind in ("conv", "linear", "matmul")
        if declared[kind] != ran.found[kind]
    ]
    return ", ".join(wrong)


def depends(case: Case) -> str:
    module = case.build("cpu").eval()
    one, other = module(case.images()), module(case.images())
    return "gives the same for every image" if torch.equal(one, other) else ""


def separates(case: Case) -> str:
    """An image of a batch is worth what it is alone."""
    module, images = case.build("cpu").eval(), case.images(3)
    together = module(images)
    alone = torch.cat([module(image[None]) for image in images])
    return "" if _close(together, alone) else "an image's result depends on the others of its batch"


def trains(case: Case) -> str:
    """Whether there is a path for the gradient; how large it is, is not asked."""
    module, images = case.build("cpu").train(), case.images().requires_grad_()
    result = module(images * 1)
    if result.requires_grad:
        result.sum().backward()
    learned = {name: p for name, p in module.named_parameters() if p.requires_grad}
    dead = [
        name for name, tensor in [*learned.items(), ("the input", images)] if tensor.grad is None
    ]
    return f"no gradient reaches {', '.join(dead)}" if dead else ""


def repeats(case: Case) -> str:
    module, images = case.build("cpu").eval(), case.images()
    same = torch.equal(module(images), module(images))
    return "" if same else "gives something else the second time, in eval mode"


def restores(case: Case) -> str:
    """A checkpoint holds all that it is."""
    one, other, images = case.build("cpu").eval(), case.build("cpu").eval(), case.images()
    other.load_state_dict(one.state_dict())
    return "" if _close(one(images), other(images)) else "its state_dict does not restore it"


def starts(case: Case) -> str:
    """Arms that share a layer share its initial weights."""
    names = sorted(unshared(lambda: case.build("cpu"), 0))
    told = "is not drawn in place (nn.init), so that other layers change its initial value"
    return f"{', '.join(names)} {told}" if names else ""


def says(case: Case) -> str:
    first = (case.doc or "").strip().partition("\n")[0]
    return "" if first.endswith(".") else "has no docstring whose first line ends in a full stop"


def first_layer(case: Case) -> str:
    """By this name timm fits released weights to another number of channels."""
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


class Products(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Multiply-adds that run, by kind: `linear` has an operand that no image decides.

    Whatever an image decides requires a gradient, if the image alone was asked for one.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.found: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        packet = func.overloadpacket
        if packet in flop_registry:
            flops = flop_registry[packet](*args, **(kwargs or {}), out_val=result)
            factors = [arg for arg in args if isinstance(arg, Tensor)][-2:]  # a bias comes first
            decided = all(factor.requires_grad for factor in factors)
            convolves = "convolution" in packet.__name__
            self.found["conv" if convolves else "matmul" if decided else "linear"] += flops // 2
        return result


def _close(one: Tensor, other: Tensor) -> bool:
    """To what float32 leaves of sums in another order."""
    return torch.allclose(one, other, rtol=0, atol=1e-4 * float(other.detach().abs().max()))


def _by(shape: Iterable[int]) -> str:
    return "x".join(map(str, shape))
