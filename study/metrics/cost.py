"""Cost of a model: exact counts, audited by independent counters, before anything is trained."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks

from study.errors import BuildError, MetricError
from study.metrics import KINDS, RULES
from study.metrics.counter_contract import Count, Size, device_of
from study.metrics.counters import COUNTERS, by_torch
from study.metrics.live_memory import live_bytes
from study.metrics.stages import Stages, by_stage
from study.spec.image_size import ImageSize, of_sides

TOLERANCE = 0.01
"""The largest difference of two counters that passes, as a fraction of the larger total."""

LARGE = 3 * 10**8
"""Activations up to which real tensors are counted too, which then takes seconds on one core."""

MEMORY = 8 * 10**8
"""Bytes of activations alive at a time up to which a large image is audited at its full size."""

GRIDS = (1, 32, 28)
"""Grids in pixels, tried in this order for a smaller side: any, windows, patches."""

SHAPED = ("formula", "torch")
"""Counters that work on shapes alone (the meta device) and need no memory."""

REFUSALS = (RuntimeError, ValueError, TypeError, AssertionError)
"""Exceptions of models that need real weights, or refuse an image of the wrong size."""


@dataclass(frozen=True)
class Cost:
    """The cost of one image, in plain counts."""

    params: int
    """Elements of all parameters, frozen ones included, shared ones once, without buffers."""
    activations: int
    """Output elements of convolutions, linear layers and matrix products, as fvcore counts."""
    macs: dict[str, int]
    """Multiply-adds by counting rule (`RULES`), from PyTorch's formulas."""
    matmul: int
    """Multiply-adds of products of two operands that both depend on the image."""
    counts: dict[str, dict[str, int]]
    """Multiply-adds by counter and kind, which the audit compared; of one where it was given up."""
    stages: Stages
    """Multiply-adds by stage and kind, from PyTorch's formulas; see `stages.by_stage`."""

    @property
    def measurements(self) -> dict[str, int]:
        """The costs by their names in the catalogue."""
        return {
            "params": self.params,
            "macs": self.macs["all"],
            "macs_conv_linear": self.macs["conv+linear"],
            "macs_matmul": self.matmul,
            "activations": self.activations,
        }


Build = Callable[[str], nn.Module]
Resized = Callable[[str, ImageSize], nn.Module]
"""(device, size in pixels) -> the model for images of that size."""


def cost(build: Build, size: Size, resized: Resized | None = None) -> Cost:
    """The cost of one image of `size` (C, H, W), with the model in eval mode.

    `build(device)` is called with "meta", and with "cpu" only where the model cannot be built or
    run without values. `resized` builds the model for smaller images; without it, the model of
    `build` must take them. The caller's random state and models do not change.

    Raises:
        MetricError: the counters disagree by more than 1 % under a rule; an operator has no
            count; or the model cannot take such an image.
    """
    resized = resized or (lambda device, size: build(device))
    # With gradients, since autograd decides which operands depend on the image.
    with torch.random.fork_rng(devices=[]), torch.enable_grad(), _nothing_saved():
        model, counts = _counted(build, size, resized)
        stages = by_stage(model, size)
    return _cost(model, counts, stages)


def _cost(model: nn.Module, counts: Mapping[str, Count], stages: Stages) -> Cost:
    """The cost by PyTorch's count, or by the only one that there is."""
    chosen = counts.get("torch") or next(iter(counts.values()))
    return Cost(
        params=sum(weight.numel() for weight in model.parameters()),
        activations=chosen.activations or 0,
        macs={rule: _total(chosen.macs, kinds) for rule, kinds in RULES.items()},
        matmul=chosen.macs.get("matmul", 0),
        counts={name: dict(count.macs) for name, count in counts.items()},
        stages=stages,
    )


def cost_by_one_counter(model: nn.Module, size: Size) -> Cost:
    """The cost of one image by a single counter, without an audit, on the model's device.

    The model's closed form, which runs nothing, if it has one by stage; else PyTorch's formulas.
    """
    closed_form = getattr(model, "cost_by_stage", None)
    if closed_form is None:
        still = _still(model)
        with torch.random.fork_rng(devices=[]), torch.enable_grad(), _nothing_saved():
            return _cost(still, {"torch": by_torch(still, size)}, by_stage(still, size))
    stages = {stage: dict(of_stage) for stage, of_stage in closed_form(*size[1:]).items()}
    activations = sum(of_stage.pop("activations", 0) for of_stage in stages.values())
    macs = {kind: sum(of_stage.get(kind, 0) for of_stage in stages.values()) for kind in KINDS}
    return _cost(model, {"formula": Count(macs, activations)}, stages)


def _nothing_saved() -> saved_tensors_hooks:
    """A context without saved activations: autograd only tracks what depends on the image."""
    # Saved activations took 14 GB for vit_giant_patch14_reg4_dinov2; without them it is 1.0 GB.
    return saved_tensors_hooks(lambda tensor: None, lambda empty: empty)


def _counted(build: Build, size: Size, resized: Resized) -> tuple[nn.Module, dict[str, Count]]:
    try:
        return _counts(build("meta"), size, resized)
    except REFUSALS:
        model = build("cpu")
    try:
        return _counts(model, size, resized)
    except REFUSALS as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise MetricError(
            f"cost: the model takes no image of {size} (C, H, W): {reason}"
        ) from error


def _counts(model: nn.Module, size: Size, resized: Resized) -> tuple[nn.Module, dict[str, Count]]:
    model = _still(model)
    return model, _audited(model, size, resized)


def _still(model: nn.Module) -> nn.Module:
    # A copy, so that the caller's model keeps its mode and its gradients.
    return deepcopy(model).eval().requires_grad_(False)


def _audited(model: nn.Module, size: Size, resized: Resized) -> dict[str, Count]:
    """The counts of every counter.

    Counters that need real tensors run only where these are small; for a large image they audit
    the model at a smaller size, where the same formulas hold. Without such a size they are left out
    if they would take too much memory.
    """
    counts = _counts_of(model, size, SHAPED)
    large = (counts["torch"].activations or 0) > LARGE
    if not large or (
        not _audited_smaller(size, device_of(model).type, resized)
        and live_bytes(model, size) <= MEMORY
    ):
        counts |= _counts_of(model, size, COUNTERS.keys() - SHAPED)
    macs = {name: count.macs for name, count in counts.items()}
    # Rule by rule: a difference among convolutions may be below 1 % of a total with attention.
    for rule, kinds in RULES.items():
        _audit(f"{rule} multiply-adds", macs, kinds)
    activations = {name: {"all": n} for name, (_, n) in counts.items() if n is not None}
    _audit("activations", activations, ("all",))
    return counts


def _audited_smaller(size: Size, device: str, resized: Resized) -> bool:
    """Audit at about half the image's sides; False where the model takes no such image."""
    for grid in GRIDS:
        height, width = (side // 2 // grid * grid for side in size[1:])
        try:
            model = _still(resized(device, of_sides(height, width)))
            counts = _audited(model, (size[0], height, width), resized)
        except (*REFUSALS, BuildError):
            continue
        if len(counts) > 1:  # of one, the audit was given up at this size too
            return True
    return False


def _counts_of(model: nn.Module, size: Size, names: Iterable[str]) -> dict[str, Count]:
    counts = {name: COUNTERS[name](model, size) for name in names}
    return {name: count for name, count in counts.items() if count is not None}


def _audit(what: str, counts: Mapping[str, Mapping[str, int]], kinds: Sequence[str]) -> None:
    """Raises MetricError if the totals of the counters differ; names the kinds at fault."""
    if _agree(_total(count, kinds) for count in counts.values()):
        return
    rows = {kind: {name: count.get(kind, 0) for name, count in counts.items()} for kind in kinds}
    differences = [
        f"{kind}: " + ", ".join(f"{name} {n:,}" for name, n in row.items())
        for kind, row in rows.items()
        if not _agree(row.values())
    ]
    raise MetricError(f"cost: the counters disagree on {what}; " + "; ".join(differences))


def _agree(counts: Iterable[int]) -> bool:
    ordered = sorted(counts)
    # A product instead of a quotient, so that counts of zero agree.
    return ordered[-1] - ordered[0] <= TOLERANCE * ordered[-1]


def _total(count: Mapping[str, int], kinds: Iterable[str]) -> int:
    return sum(count.get(kind, 0) for kind in kinds)
