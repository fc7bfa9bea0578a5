"""A linear layer whose three matrix products are oneDNN's, where torch has them.

torch leaves float32 products on a CPU to MKL, which takes twice the time on an EPYC of AMD.
"""

from collections.abc import Callable, Iterable
from functools import cache

import torch
from torch import Tensor, nn
from torch.autograd.function import BackwardCFunction, FunctionCtx, once_differentiable


class FastLinear(nn.Linear):
    """x W^T + b, in training too; (..., C) -> (..., C')."""

    def forward(self, x: Tensor) -> Tensor:
        kind, half = x.device.type, torch.is_autocast_enabled(x.device.type)
        if half or kind != "cpu" or x.dtype != torch.float32 or not available():
            return super().forward(x)
        rows = x.flatten(0, -2)
        y: Tensor = _Products.apply(rows, self.weight, self.bias)
        return y.reshape(*x.shape[:-1], self.out_features)


class _Products(torch.autograd.Function):
    """x W^T + b and its gradients, (N, C), (C', C), (C',) -> (N, C')."""

    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return _product(x, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(
        ctx: BackwardCFunction, g: Tensor
    ) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        tensors: tuple[Tensor, ...] = ctx.saved_tensors
        needed: tuple[bool, ...] = ctx.needs_input_grad
        (x, weight), (of_x, of_weight, of_bias) = tensors, needed
        return (
            _product(g, weight.t()) if of_x else None,
            _product(g.t(), x.t()) if of_weight else None,
            g.sum(dim=0) if of_bias else None,
        )


def _product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x W^T + b by an operator that torch keeps for its own compiler."""
    y: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "none")
    return y


@cache
def available() -> bool:
    """True if torch has the operator for weights as they are, and it computes what it should."""
    x, weight, bias = torch.linspace(-1, 1, 15).reshape(5, 3), torch.eye(3)[:2], torch.ones(2)
    return computed(
        lambda: [
            (_product(x, weight, bias), x @ weight.t() + bias),
            (_product(x[:, :2].t(), x.t()), x[:, :2].t() @ x),
        ]
    )


def computed(pairs: Callable[[], Iterable[tuple[Tensor, Tensor]]]) -> bool:
    """True if operators that are no part of torch's interface are there, and pairs are equal."""
    try:
        with torch.no_grad():
            return all(torch.allclose(got, due, atol=1e-6) for got, due in pairs())
    # They may go, or take other arguments.
    except (AttributeError, RuntimeError, TypeError):
        return False
