"""Multiply-adds by fvcore, on the traced graph of a forward pass."""

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

import torch
from fvcore.nn import FlopCountAnalysis
from fvcore.nn.jit_handles import conv_flop_jit, get_shape, norm_flop_counter
from torch import Tensor, nn

from study.errors import MetricError
from study.metrics import KINDS
from study.metrics.counter_contract import Count, Size, image

aten = torch.ops.aten

Values = list[Any]
"""The inputs or outputs of an operator in a traced graph: torch._C.Value, which has no stubs."""


# fmt: off
FREE = dict.fromkeys((
    "softmax", "log_softmax", "logsumexp", "glu", "log_sigmoid", "hardswish", "prelu", "one_hot",
    "mean", "nanmean", "sum", "nansum", "sum_to_size", "prod", "amax", "amin", "aminmax",
    "argmax", "argmin", "argwhere", "median", "nanmedian", "mode", "kthvalue", "quantile", "norm",
    "frobenius_norm", "linalg_vector_norm", "trace", "var", "std", "var_mean", "std_mean",
    "count_nonzero", "histc", "bincount", "cumsum", "cumprod", "cummax", "cummin", "logcumsumexp",
    "diff", "outer", "addr", "kron", "cross", "linalg_cross", "sort", "msort", "argsort", "topk",
    "searchsorted", "bucketize", "isin", "allclose", "item", "numel", "is_nonzero", "pad",
    "unfold", "im2col", "col2im", "repeat", "repeat_interleave", "tile", "flip", "fliplr",
    "flipud", "rot90", "roll", "tril", "triu", "diag", "diag_embed", "diagonal_scatter", "concat",
    "concatenate", "hstack", "vstack", "dstack", "column_stack", "block_diag", "cartesian_prod",
    "combinations", "meshgrid", "broadcast_tensors", "complex", "embedding", "embedding_bag",
    "take", "take_along_dim", "put", "masked_select", "masked_scatter", "index_select",
    "index_put", "index_add", "index_copy", "index_fill", "index_reduce", "scatter",
    "scatter_add", "scatter_reduce", "select_scatter", "slice_scatter", "fill", "zero",
    "bernoulli", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "native_channel_shuffle",
), "it only moves, pools, compares or sums elements") | dict.fromkeys((
    "_weight_norm", "_weight_norm_interface", "norm_except_dim",
), "it scales weights, whatever the image")
# fmt: on
"""Operators that count as nothing, each with the reason; views and pointwise ones are free too.

A plugin may add its own: FREE["mylib::gather"] = "it only moves elements".
"""

FAMILIES = re.compile(
    r"(adaptive_)?(avg|max)_pool[123]d(_with_indices)?"
    r"|fractional_max_pool[23]d|max_unpool[23]d"
    r"|_?upsample_(nearest|linear|bilinear|trilinear|bicubic)_?(exact)?[123]d(_aa)?"
    r"|grid_sampler(_[23]d)?"
    r"|(reflection|replication)_pad[123]d|_pad_(circular|enum)"
    r"|unique(_dim|_consecutive)?|_unique2?"
    r"|((zeros|ones|full|empty|rand|randn|randint)_like|new_(zeros|ones|full|empty))"
    r"|(feature_)?(alpha_)?dropout"  # the model is in eval, where none of them acts
)
"""More free operators: pooling, resampling, dropout and constants in every dimension."""


def mistake(entry: object) -> str:
    """The reason why an entry of `FREE` is wrong, or ""."""
    return "" if isinstance(entry, str) else "is not the reason, a text, why the operator is free"


def _free(operator: str) -> bool:
    name = operator.removeprefix("aten::")
    plain = name.removesuffix("_")  # the name of an in-place operator ends in _
    if plain in FREE or FAMILIES.fullmatch(plain):
        return True
    packet = getattr(aten, name, None)
    schemas = [getattr(packet, overload) for overload in packet.overloads()] if packet else []
    free = (torch.Tag.pointwise in s.tags or _is_view(s) or _creates(s) for s in schemas)
    return any(free)


def _creates(operator: Any) -> bool:
    """True for an operator without tensor arguments, such as `eye`."""
    return not any("Tensor" in str(argument.type) for argument in operator._schema.arguments)


def _is_view(operator: Any) -> bool:
    returned = operator._schema.returns
    return bool(returned) and all(r.alias_info and not r.alias_info.is_write for r in returned)


def _tallied(kind: str, macs: int, out: Any) -> Counter[str]:
    return Counter({kind: macs, "activations": math.prod(get_shape(out))})


def _traced(operands: Sequence[Any], depth: int, out: Any) -> Counter[str]:
    """The count of a product: `depth` multiply-adds per output element.

    fvcore's own rule multiplies the size of the first operand by the last dimension of the second,
    and so ignores the batch of a second operand with more dimensions.
    """
    kind = "matmul" if all(_depends_on_image(operand) for operand in operands) else "linear"
    return _tallied(kind, depth * math.prod(get_shape(out)), out)


def _depends_on_image(value: Any) -> bool:
    if "_convolution" in value.node().kind():  # the tracer loses requires_grad there
        return any(_depends_on_image(operand) for operand in list(value.node().inputs())[:2])
    return bool(value.requires_grad())


def _product(first: int) -> Callable[[Values, Values], Counter[str]]:
    def handle(inputs: Values, outputs: Values) -> Counter[str]:
        operands = inputs[first : first + 2]
        return _traced(operands, get_shape(operands[0])[-1], outputs[0])

    return handle


def _einsum(inputs: Values, outputs: Values) -> Counter[str]:
    """The count of an einsum, which sums over the letters of both operands not in the output."""
    equation = inputs[0].toIValue().replace(" ", "")
    operands = list(inputs[1].node().inputs())
    if len(operands) != 2:
        raise MetricError(f"cost: no operation count for einsum {equation} of {len(operands)}")
    terms, _, result = equation.partition("->")
    first, second = terms.split(",")
    left, _, right = first.partition("...")
    shape = get_shape(operands[0])
    # Letters behind "..." belong to the last dimensions.
    sizes = dict(zip(left + right[::-1], [*shape[: len(left)], *shape[::-1]], strict=False))
    summed = set(first) & set(second) - set(result) - {"."}
    if not summed:
        return Counter()  # an outer or element-wise product
    return _traced(operands, math.prod(sizes[letter] for letter in summed), outputs[0])


def _convolution(inputs: Values, outputs: Values) -> Counter[str]:
    return _tallied("conv", conv_flop_jit(inputs, outputs)["conv"], outputs[0])


def _same_convolution(inputs: Values, outputs: Values) -> Counter[str]:
    """The count of a `padding="same"` convolution, an operator that fvcore does not know."""
    places = math.prod(get_shape(outputs[0])[2:])
    return _tallied("conv", places * math.prod(get_shape(inputs[1])), outputs[0])


def _attention(inputs: Values, outputs: Values) -> Counter[str]:
    """The count of softmax(q k^T) v: (..., N, d), (..., n, d), (..., n, e) -> (..., N, e)."""
    q, k, v = inputs[:3]
    *places, depth = get_shape(q)
    weights = math.prod(places) * get_shape(k)[-2]
    # The map depends on the image if either factor does; the second product also needs v to.
    map_depends = _depends_on_image(q) or _depends_on_image(k)
    first = "matmul" if _depends_on_image(q) and _depends_on_image(k) else "linear"
    second = "matmul" if map_depends and _depends_on_image(v) else "linear"
    counts = Counter({"activations": weights + math.prod(get_shape(outputs[0]))})
    counts[first] += weights * depth
    counts[second] += weights * get_shape(v)[-1]
    return counts


def _recurrent(inputs: Values, outputs: Values) -> Counter[str]:
    """The count of a recurrent layer, (T, B, C) -> (T, B, C'), all its directions and depths.

    Every weight (G, K) multiplies once for each step of each sequence, whatever `batch_first`.
    """
    steps = math.prod(get_shape(inputs[0])[:-1])
    shapes = (get_shape(weight) for weight in inputs[2].node().inputs())
    weights = [shape for shape in shapes if len(shape) == 2]  # without biases
    count = Counter(linear=steps * sum(map(math.prod, weights)))
    return count + Counter(activations=steps * sum(gates for gates, _ in weights))


HANDLES = {
    "aten::_convolution": _convolution,
    "aten::_convolution_mode": _same_convolution,
    "aten::linear": _product(0),
    "aten::matmul": _product(0),
    "aten::mm": _product(0),
    "aten::bmm": _product(0),
    "aten::addmm": _product(1),
    "aten::baddbmm": _product(1),
    "aten::einsum": _einsum,
    # fvcore has no handler for fused attention and counts it as zero: 4.8 % of ResT-Lite.
    "aten::scaled_dot_product_attention": _attention,
    **dict.fromkeys(("aten::lstm", "aten::gru", "aten::rnn_tanh", "aten::rnn_relu"), _recurrent),
    "aten::rms_norm": norm_flop_counter(2),
}


def by_fvcore(model: nn.Module, size: Size) -> Count:
    """The count by fvcore on a traced forward pass with real tensors; it cannot trace meta ones.

    Raises:
        MetricError: the graph has operators without a count that are not free.
    """
    count = FlopCountAnalysis(_hollow(model), image(size, "cpu")).set_op_handle(**HANDLES)
    count.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    operators = count.by_operator()  # fvcore lists skipped operators only after counting
    if skipped := sorted(name for name in count.unsupported_ops() if not _free(name)):
        raise MetricError(
            f"cost: no operation count for {', '.join(skipped)}; write it as explicit products, or "
            "declare it in study/metrics/fvcore_counter.py: FREE, if it multiplies and sums nothing"
        )
    macs = {kind: int(operators[kind]) for kind in KINDS[:3]}  # all but norm
    macs["norm"] = sum(int(n) for name, n in operators.items() if name.endswith("_norm"))
    return Count(macs, int(operators["activations"]))


def _hollow(model: nn.Module) -> nn.Module:
    """A copy of a meta model in which every tensor is one real zero, expanded to full shape."""
    # fvcore traces real tensors only; their values do not change a count.
    if not any(weight.is_meta for weight in model.parameters()):
        return model
    model = deepcopy(model)
    for module in model.modules():
        for name, weight in module._parameters.items():
            if weight is not None:
                module._parameters[name] = nn.Parameter(_zeros(weight), requires_grad=False)
        for name, buffer in module._buffers.items():
            if buffer is not None:
                module._buffers[name] = _zeros(buffer)
    return model


def _zeros(like: Tensor) -> Tensor:
    return torch.zeros((), dtype=like.dtype).expand(like.shape)  # one element in memory
