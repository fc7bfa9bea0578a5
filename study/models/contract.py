"""The contract of parts and models: checks that every entry of a registry must pass.

A check takes one case (a way to build the part, an image, the expected shape) and returns a message
about what is wrong, or "". `CHECKS` lists the checks of every slot.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

from study.errors import unknown
from study.models.contract_cases import ContractCase, model_cases, part_cases
from study.models.multiply_adds import ACTIVATIONS, KINDS
from study.models.paired_init import unshared
from study.models.product_counter import ProductCounter
from study.registries.contracts import STYLE, CheckResult

Check = Callable[[ContractCase], str]


def checks(slot: str, name: str) -> Iterator[CheckResult]:
    """The results of all checks of a slot for its entry `name`, or of a timm model."""
    for what, check in CHECKS[slot].items():
        cases = model_cases(name) if slot == "model" else part_cases(slot, name)
        yield _check_result(what, check, cases)


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
    if strange := sorted(declared.keys() - {*KINDS, ACTIVATIONS}):
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
    """The part has a docstring; its first line is printed by `study plugins`."""
    first = (case.doc or "").strip().partition("\n")[0]
    return "" if first.endswith(".") else "has no docstring whose first line ends in a full stop"


def first_layer(case: ContractCase) -> str:
    """timm adapts released weights to another number of channels in the layer `conv1`."""
    module = case.build("cpu")
    return "" if hasattr(module, "conv1") else "has no conv1, the layer that sees the image"


EVERY: dict[str, Check] = {
    "builds on cpu and meta": builds,
    "maps the declared shapes": maps,
    "images do not affect each other": separates,
    "trains": trains,
    "is deterministic": repeats,
    "is restored by its state": restores,
    "initial weights follow from parameter names": starts,
}
PART: dict[str, Check] = {
    STYLE: says,
    **EVERY,
    "depends on its input": depends,
    "declares its multiply-adds": costs,
}
CHECKS: dict[str, dict[str, Check]] = {
    "stem": {**PART, "names its first layer": first_layer},
    "embedding": PART,
    "reduction": PART,
    "position": PART,
    "model": EVERY,
}


def _close(actual: Tensor, expected: Tensor) -> bool:
    """True if two tensors are equal up to float32 rounding in sums of another order."""
    tolerance = 1e-4 * float(expected.detach().abs().max())
    return torch.allclose(actual, expected, rtol=0, atol=tolerance)


def _by(shape: Iterable[int]) -> str:
    return "x".join(map(str, shape))
