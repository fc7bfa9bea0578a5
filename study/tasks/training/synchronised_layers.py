"""Layers that need the whole batch, such as batch norm and dropout, when processes share it.

With them, training by several processes gives the numbers of training by one, up to rounding.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from inspect import signature
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.autograd import Function
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from study.errors import SpecError
from study.tasks.training.distributed import ProcessGroup

Operation = Callable[..., object]
"""A function of torch, or a method of Tensor."""

SHARE = "several processes cannot share its batches; train it with one"


class WholeBatch(TorchFunctionMode):
    """A context in which layers compute the results of the whole batch for this process's slots.

    Batch normalisation takes its statistics over all processes. Dropout and stochastic depth draw
    for the whole batch, with the same seed in every process, and use the draws of their slots.
    """

    def __init__(self, group: ProcessGroup, slots: Sequence[int], size: int) -> None:
        super().__init__()
        self.group, self.slots, self.size = group, list(slots), size
        self.depth = 0  # nesting of the modules being called, within `reentered`

    @contextmanager
    def reentered(self, model: nn.Module) -> Iterator[None]:
        """Hooks by which layers enter the context themselves.

        Checkpointed layers run again during the backward pass, where no context is active.
        """
        handles = [
            handle
            for module in model.modules()
            for handle in (
                module.register_forward_pre_hook(self._enter),
                module.register_forward_hook(self._leave, always_call=True),  # after an error, too
            )
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _enter(self, module: nn.Module, inputs: object) -> None:
        if self.depth == 0:
            self.__enter__()  # type: ignore[no-untyped-call]
        self.depth += 1

    def _leave(self, module: nn.Module, inputs: object, output: object) -> None:
        self.depth -= 1
        if self.depth == 0:
            self.__exit__(None, None, None)  # type: ignore[no-untyped-call]

    @property
    def weight(self) -> float:
        """Weight of this process's mean loss, by which the mean over processes is the batch's."""
        # DistributedDataParallel weighs all processes alike, whatever their numbers of images.
        return len(self.slots) * self.group.world / self.size

    def __torch_function__(
        self,
        func: Operation,
        types: object,
        args: tuple[object, ...] = (),
        kwargs: dict[str, object] | None = None,
    ) -> object:
        kwargs = kwargs or {}
        if func in WIDE:
            return WIDE[func](self, *args, **kwargs)
        if func in ATTENTION:
            arguments = signature(ATTENTION[func]).bind(*args, **kwargs).arguments
            # A fused kernel draws its own mask, of which no part can be taken.
            if arguments.get("dropout_p", 0) > 0 and arguments.get("training", True):
                raise SpecError(f"the model drops attention weights in a fused kernel: {SHARE}")
        if func in PATCHED_DRAWS:
            raise SpecError(f"the model draws random numbers with {func.__name__}: {SHARE}")
        return func(*args, **kwargs)

    def rows(self, count: int) -> int:
        """Rows of a layer's input per image: windows, say; the rows of an image are adjacent."""
        if count % len(self.slots):
            raise SpecError(f"a layer draws {count} times for {len(self.slots)} images: {SHARE}")
        return count // len(self.slots)

    def draw(self, like: Tensor, sample: Callable[[Tensor], Tensor]) -> Tensor:
        """The rows of our slots from `sample` of ones: (b * k, ...) out of (B * k, ...)."""
        rows, rest = self.rows(len(like)), like.shape[1:]
        shape = (self.size * rows, *rest)
        # Random numbers fill memory in order; images are adjacent in either memory layout.
        strides = like.stride() if _dense(like) else torch.empty(shape, device="meta").stride()
        ones = torch.empty_strided(shape, strides, dtype=like.dtype, device=like.device).fill_(1)
        ours = [slot * rows + row for slot in self.slots for row in range(rows)]
        return sample(ones)[ours]


def _dense(x: Tensor) -> bool:
    """True for a tensor without gaps whose images are adjacent in memory."""
    dense = torch.empty_like(x, device="meta").stride() == x.stride()
    return dense and all(x.stride(0) >= stride for stride in x.stride()[1:])


class _Summed(Function):
    """The sum over all processes; its gradient is summed too."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, group: distributed.ProcessGroup) -> Tensor:
        ctx.group = group
        return _summed(x, group)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return _summed(gradients[0], ctx.group), None


def _summed(x: Tensor, group: distributed.ProcessGroup) -> Tensor:
    # all_reduce adds memory, whatever the strides: all processes need the same layout.
    x = x.detach().clone(memory_format=torch.contiguous_format)
    distributed.all_reduce(x, group=group)
    return x


def _batch_norm(
    wide: WholeBatch,
    x: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Batch norm over processes on the CPU, which torch lacks; a GPU uses SyncBatchNorm.

    timm's standardised convolutions normalise their weights as a batch of one image: every process
    has these whole.
    """
    weights = running_mean is None and len(x) == 1
    if not training or x.is_cuda or weights:
        return functional.batch_norm(
            x, running_mean, running_var, weight, bias, training, momentum, eps
        )
    over = [0, *range(2, x.ndim)]
    places = x.numel() // x.shape[1] // len(wide.slots) * wide.size  # over all processes
    exact = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x  # for the sums

    def mean(values: Tensor) -> Tensor:
        total: Tensor = _Summed.apply(values.sum(over), wide.group.control)
        return total / places

    def channelwise(values: Tensor) -> Tensor:
        return values.view(-1, *[1] * (x.ndim - 2))

    middle = mean(exact)
    centred = exact - channelwise(middle)
    variance = mean(centred.square())  # E[x^2] - E[x]^2 would cancel in float32
    if running_mean is not None and running_var is not None:
        unbiased = variance.detach() * (places / max(1, places - 1))  # as torch's
        running_mean.lerp_(middle.detach().to(running_mean.dtype), momentum)
        running_var.lerp_(unbiased.to(running_var.dtype), momentum)
    y = centred * channelwise((variance + eps).rsqrt())
    if weight is not None:
        y = y * channelwise(weight)
    if bias is not None:
        y = y + channelwise(bias)
    return y.to(x.dtype)


def _dropout(drop: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """torch's dropout for the whole batch: a mask of 0 and 1 / (1 - p), drawn from ones."""

    def wide_dropout(
        wide: WholeBatch, x: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
    ) -> Tensor:
        if not training or p == 0:
            return x
        mask = wide.draw(x, lambda ones: drop(ones, p, True))
        return x.mul_(mask) if inplace else x * mask

    return wide_dropout


def _bernoulli(
    wide: WholeBatch, x: Tensor, p: float = 0.5, *, generator: torch.Generator | None = None
) -> Tensor:
    """`bernoulli_` for the whole batch; timm's stochastic depth draws with it."""
    return x.copy_(wide.draw(x, lambda ones: ones.bernoulli_(p, generator=generator)))


WIDE: dict[Operation, Callable[..., Tensor]] = {
    functional.batch_norm: _batch_norm,
    Tensor.bernoulli_: _bernoulli,
    **{
        drop: _dropout(drop)
        for drop in (
            functional.dropout,
            functional.dropout1d,
            functional.dropout2d,
            functional.dropout3d,
        )
    },
}


def _attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0,
    **more: object,
) -> None:
    """The signature of a builtin, which has none that `inspect` can read."""


ATTENTION: dict[Operation, Operation] = {
    functional.scaled_dot_product_attention: _attention,
    functional.multi_head_attention_forward: functional.multi_head_attention_forward,
}

PATCHED_DRAWS = {
    torch.rand,
    torch.rand_like,
    torch.randn,
    torch.randn_like,
    torch.randint,
    torch.randint_like,
    torch.randperm,
    torch.bernoulli,
    torch.multinomial,
    torch.normal,
    functional.alpha_dropout,
    functional.feature_alpha_dropout,
    functional.gumbel_softmax,
    Tensor.uniform_,
    Tensor.normal_,
    Tensor.random_,
    Tensor.exponential_,
    Tensor.bernoulli,
}
"""Functions that draw random numbers and that `WholeBatch` cannot repeat for the whole batch."""
