"""Where in a model its multiply-adds are: by stage, as timm's feature pyramids have them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from torch import nn

from study.metrics.counters import Size, Tally, image, placed, spelled_out

HEAD = "head"
"""What comes behind the last stage."""

Stages = dict[str, dict[str, int]]


def by_stage(model: nn.Module, size: Size) -> Stages:
    """Multiply-adds by stage and kind, in the order in which they are done.

    A stage is named by how many pixels of the image one of its places stands for, along a side;
    all that is done before its features are there belongs to it. Empty where a model has no
    `feature_info`, or where that does not tell one module after another as they run.
    """
    ends, tally = _ends(model), Tally()
    marks: dict[int, dict[str, int]] = {}

    def mark(place: int) -> None:
        marks.pop(place, None)  # the last call of a stage's parts is its end
        marks[place] = dict(tally.macs)

    with spelled_out(), tally, _marking([module for _, module in ends], mark):
        model(image(size, placed(model)))
    if not ends or list(marks) != list(range(len(ends))):
        return {}
    so_far = [(stage, marks[place]) for place, (stage, _) in enumerate(ends)]
    return _differences([*so_far, (HEAD, dict(tally.macs))])


def _ends(model: nn.Module) -> list[tuple[str, nn.Module]]:
    """The stages, each with the module that its features come out of."""
    modules = dict(model.named_modules())
    info = [row for row in getattr(model, "feature_info", None) or [] if isinstance(row, dict)]
    found = [(str(row.get("reduction")), modules.get(str(row.get("module")))) for row in info]
    return [(stage, module) for stage, module in found if module is not None]


@contextmanager
def _marking(ends: list[nn.Module], mark: Callable[[int], None]) -> Iterator[None]:
    """Inside, `mark(place)` is called whenever a part of a stage has run: a model may run a stage
    by its parts alone."""

    def hook(place: int) -> Callable[..., None]:
        return lambda *_: mark(place)

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


def _differences(marks: list[tuple[str, dict[str, int]]]) -> Stages:
    """Counts so far as counts of every stage; blocks of one size are one stage."""
    found: Stages = {}
    before: dict[str, int] = {}
    for stage, so_far in marks:
        own = found.setdefault(stage, {})
        for kind, count in so_far.items():
            own[kind] = own.get(kind, 0) + count - before.get(kind, 0)
        before = so_far
    return found
