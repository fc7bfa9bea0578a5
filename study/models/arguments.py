"""Checks of the constructor's arguments; each raises BuildError, or returns the checked value."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from study.errors import BuildError, unknown

Arguments = Mapping[str, Any]
"""A constructor's arguments by name, as a study file gives them: values of any type, unchecked."""

STAGES = 4  # of ResT and of PVT alike


def entry(argument: str, name: object, entries: Collection[str]) -> str:
    # The value comes from YAML: `in` would raise TypeError for a list, which has no hash.
    if not isinstance(name, str) or name not in entries:
        raise BuildError(unknown(argument, str(name), entries), argument=argument)
    return name


def switch(argument: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise BuildError(f"{argument} is true or false, not {value!r}", argument=argument)
    return value


def rate(argument: str, value: object) -> float:
    # bool is a subclass of int: false would pass as a rate of 0.
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < 1:
        raise BuildError(f"{argument} is a rate from 0 up to 1, not {value!r}", argument=argument)
    return float(value)


def stagewise(argument: str, values: object) -> Sequence[Any]:
    # A text of four characters is a sequence of four values, too.
    if isinstance(values, str) or not isinstance(values, Sequence) or len(values) != STAGES:
        message = f"{argument} is a list of {STAGES} values, one for each stage, not {values!r}"
        raise BuildError(message, argument=argument)
    return values


def counts(argument: str, values: object) -> tuple[int, ...]:
    stages = stagewise(argument, values)
    for value in stages:
        # bool is a subclass of int: true would pass as 1.
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            message = f"{argument} is a list of whole numbers of 1 or more, not {list(stages)}"
            raise BuildError(message, argument=argument)
    return tuple(stages)


def ratios(argument: str, values: object) -> tuple[float, ...]:
    stages = stagewise(argument, values)
    for value in stages:
        if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
            message = f"{argument} is a list of numbers above 0, not {list(stages)}"
            raise BuildError(message, argument=argument)
    return tuple(float(value) for value in stages)


def divide(heads: Sequence[int], dims: Sequence[int]) -> None:
    """Raises BuildError where the heads of a stage do not divide its channels."""
    for h, dim in zip(heads, dims, strict=True):
        if dim % h:
            message = (
                f"{h} heads do not divide {dim} channels (heads {list(heads)}, dims {list(dims)})"
            )
            raise BuildError(message, argument="heads")


def sides(img_size: int | Sequence[int]) -> tuple[int, int]:
    """Height and width in pixels."""
    pair = (img_size, img_size) if isinstance(img_size, int) else tuple(img_size)
    if len(pair) != 2 or not all(isinstance(side, int) and side > 0 for side in pair):
        message = f"img_size is a side or a height and a width in pixels, not {img_size!r}"
        raise BuildError(message, argument="img_size")
    return pair[0], pair[1]


def pixels(img_size: int | Sequence[int]) -> str:
    """An image size in print: 64, or 64×96 (height × width)."""
    height, width = sides(img_size)
    return str(height) if height == width else f"{height}×{width}"


def pool(name: str, entries: Collection[str], num_classes: int) -> str:
    # In timm, "" means that nothing is pooled; a classifier cannot read the whole map.
    if num_classes > 0 and name == "":
        message = "a classifier needs a pooled map: give global_pool, or num_classes 0"
        raise BuildError(message, argument="global_pool")
    return entry("global_pool", name, entries)
