"""Types of single values in stored records, with their ranges."""

from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

LARGEST = 3.5e38  # of any number: a little above the largest float32


def _as_written(value: object, check: ValidatorFunctionWrapHandler) -> object:
    check(value)
    return value


Number = Annotated[
    float,
    Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False),
    WrapValidator(_as_written),  # pydantic would turn a count of 5 into 5.0
]
Positive = Annotated[Number, Field(gt=0)]
# Up to 3,000 years, so that times since 1970 fit as well.
Seconds = Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False), WrapValidator(_as_written)]
Count = Annotated[int, Field(ge=0, le=10**15)]
Few = Annotated[int, Field(ge=1, le=10**6)]


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


# JSON has a list where this has a tuple.
Pixels = Few | Annotated[tuple[Few, Few], BeforeValidator(_tuple)]
"""An image size: the side of a square, or height and width."""


def _path(text: str) -> str:
    # The kernel's paths end at a null character; Python refuses such a path when it opens it.
    if "\0" in text:
        raise ValueError("no path has a null character")
    return text


Place = Annotated[str, AfterValidator(_path)]
Inside = Annotated[str, Field(pattern=r"\A[^/.\x00][^/\x00]{0,99}(/[^/.\x00][^/\x00]{0,99})?\z")]
"""The path of a file in a folder or one folder below it; neither the folder nor a hidden file."""
