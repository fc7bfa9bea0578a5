"""Memory that the activations of one forward pass take at most, found without taking it."""

import weakref
from collections.abc import Callable

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from study.metrics.counter_contract import Size, device_of, image
from study.metrics.counters import spelled_out


class LiveMemory(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Adds up the bytes of the storages that operators create, while these are alive."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.live = self.peak = 0
        self._known = set[int]()

    def __torch_dispatch__(
        self,
        func: Callable[..., object],
        types: object,
        args: tuple[object, ...] = (),
        kwargs: dict[str, object] | None = None,
    ) -> object:
        out = func(*args, **(kwargs or {}))
        given = {id(storage) for storage in _storages((args, kwargs))}
        for storage in _storages(out):
            # A view, or a result in place, has the storage of its operand.
            if id(storage) not in given and id(storage) not in self._known:
                self._known.add(id(storage))
                self.live += storage.nbytes()
                weakref.finalize(storage, self._end, id(storage), storage.nbytes())
        self.peak = max(self.peak, self.live)
        return out

    def _end(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.live -= size


def _storages(tree: object) -> list[torch.UntypedStorage]:
    return [leaf.untyped_storage() for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]


def live_bytes(model: nn.Module, size: Size) -> int:
    """The most bytes of activations alive at a time for one image; on meta they take none.

    Attention counts as written out. What kernels allocate inside an operator is not included.
    """
    with torch.no_grad(), spelled_out(), LiveMemory() as memory:
        model(image(size, device_of(model)))
    return memory.peak
