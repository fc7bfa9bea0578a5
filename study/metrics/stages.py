"""Multiply-adds of a model by stage, as timm's `feature_info` divides it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from torch import nn

from study.metrics.counter_contract import Size, device_of, image
from study.metrics.counters import Tally, spelled_out

HEAD = "head"
"""The name of everything after the last stage."""

Stages = dict[str, dict[str, int]]


def by_stage(model: nn.Module, size: Size) -> Stages:
    """Multiply-adds by stage and kind, in the order of execution.

    A stage is named by its reduction: image pixels per feature, along a side. It holds everything
    that runs before its features exist. Empty where a model has no `feature_info`, or where its
    modules do not run in the order listed there.
    """
    ends, tally = _ends(model), Tally()
    counts_at: dict[int, dict[str, int]] = {}

    def record(place: int) -> None:
        counts_at.pop(place, None)  # the last call of a stage's parts is its end
        counts_at[place] = dict(tally.macs)

    with spelled_out(), tally, _watching([module for _, module in ends], record):
        model(image(size, device_of(model)))
    # A dictionary keeps the order of insertion, here that of execution.
    if not ends or list(counts_at) != list(range(len(ends))):
        return {}
    so_far = [(stage, counts_at[place]) for place, (stage, _) in enumerate(ends)]
    return _differences([*so_far, (HEAD, dict(tally.macs))])


def _ends(model: nn.Module) -> list[tuple[str, nn.Module]]:
    """The stages, each with the module whose output is its features."""
    modules = dict(model.named_modules())
    info = [row for row in getattr(model, "feature_info", None) or [] if isinstance(row, dict)]
    stages = [(str(row.get("reduction")), modules.get(str(row.get("module")))) for row in info]
    return [(stage, module) for stage, module in stages if module is not None]


@contextmanager
def _watching(ends: list[nn.Module], record: Callable[[int], None]) -> Iterator[None]:
    """A context in which `record(place)` is called after each module inside a stage has run.

    A hook on the stage itself is not enough: a model may run the stage's modules one by one.
    """

    def hook(place: int) -> Callable[..., None]:
        return lambda *_: record(place)

    handles = [
        part.register_forward_hook(hook(place))
        for place, module in enumerate(ends)
        for part in module.modules()
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _differences(counts_at: list[tuple[str, dict[str, int]]]) -> Stages:
    """The counts of every stage from running totals; blocks of one size are one stage."""
    stages: Stages = {}
    before: dict[str, int] = {}
    for stage, so_far in counts_at:
        own = stages.setdefault(stage, {})
        # Stages of equal reduction, such as blocks of one resolution, are added up.
        for kind, count in so_far.items():
            own[kind] = own.get(kind, 0) + count - before.get(kind, 0)
        before = so_far
    return stages
