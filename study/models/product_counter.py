"""Multiply-adds that run, counted where PyTorch dispatches operators."""

from collections import Counter
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry


class ProductCounter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the multiply-adds that run, by kind.

    A product is `matmul` if both factors depend on the image, else `linear`. Only the image
    requires a gradient, so a tensor depends on the image if it requires one. `metrics.counters`
    counts the same way for costs; models import no metrics, so the contract has its own.
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
