"""COUNTERS: three independent ways to count the multiply-adds of one image.

A counter maps `(model, (C, H, W)) -> Count`. A multiply-add counts once; additions and biases are
free.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from study.errors import MetricError, unknown
from study.metrics import KINDS
from study.metrics.counter_contract import Count, Size, device_of, image
from study.metrics.fvcore_counter import by_fvcore

aten = torch.ops.aten


def by_formula(model: nn.Module, size: Size) -> Count | None:
    """The count by the model's own `multiply_adds(height, width)`, or None without one."""
    formula = getattr(model, "multiply_adds", None)
    if formula is None:
        return None
    macs = formula(*size[1:])
    for kind in macs:
        if kind not in KINDS:
            raise MetricError(
                f"{type(model).__name__}.multiply_adds: {unknown('kind', kind, KINDS)}"
            )
    return Count(dict(macs), None)


# PyTorch's formulas, read where operators are dispatched ---------------------------------------


def _norm(affine: int) -> Callable[..., int]:
    return lambda *args, **_: args[0].numel() * (4 if args[affine] is None else 5)


def _batch_norm(*args: Any, **_: Any) -> int:
    trains = args[5]  # instance norm arrives here as a batch norm that computes statistics
    return args[0].numel() * ((4 if trains else 1) + (args[1] is not None))


NORMS: dict[Any, Callable[..., int]] = {
    aten.native_batch_norm: _batch_norm,
    aten.native_layer_norm: _norm(2),
    aten.native_group_norm: _norm(1),
}
if hasattr(aten, "_fused_rms_norm"):  # torch 2.8
    NORMS[aten._fused_rms_norm] = _norm(2)


class Tally(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sums the formulas of torch.utils.flop_counter, halved, because these count FLOPs."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.macs: Counter[str] = Counter()
        self.activations = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        operator = func.overloadpacket
        if operator in NORMS:
            self.macs["norm"] += NORMS[operator](*args, **kwargs)
        elif operator in flop_registry:
            flops = flop_registry[operator](*args, **kwargs, out_val=out)
            self.macs[_kind(operator, args)] += flops // 2
            self.activations += (out if isinstance(out, Tensor) else out[0]).numel()
        return out


def _kind(operator: Any, args: Any) -> str:
    if "convolution" in operator.__name__:
        return "conv"
    operands = [arg for arg in args if isinstance(arg, Tensor)][-2:]  # a bias comes first
    return "matmul" if all(operand.requires_grad for operand in operands) else "linear"


def by_torch(model: nn.Module, size: Size) -> Count:
    """The count by PyTorch's formulas for dispatched operators; free of memory on meta."""
    with spelled_out(), Tally() as tally:
        model(image(size, device_of(model)))
    return Count(dict(tally.macs), tally.activations)


def spelled_out() -> AbstractContextManager[None]:
    """A context in which PyTorch runs fused attention as two separate products."""
    return sdpa_kernel([SDPBackend.MATH])  # PyTorch's reference implementation


COUNTERS: dict[str, Callable[[nn.Module, Size], Count | None]] = {
    "formula": by_formula,
    "torch": by_torch,
    "fvcore": by_fvcore,
}
