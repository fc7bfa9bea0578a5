"""Types of single values in stored records, with their ranges."""

from typing import Annotated

from pydantic import AfterValidator, Field

LARGEST = 3.5e38  # of any number: a little above the largest float32
Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
Positive = Annotated[Number, Field(gt=0)]
Seconds = Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=10**15)]
Few = Annotated[int, Field(ge=1, le=10**6)]


def _path(text: str) -> str:
    if "\0" in text:
        raise ValueError("no path has a null character")
    return text


Place = Annotated[str, AfterValidator(_path)]
Inside = Annotated[str, Field(pattern=r"\A[^/.\x00][^/\x00]{0,99}(/[^/.\x00][^/\x00]{0,99})?\z")]
"""The path of a file in a folder or one folder below it; neither the folder nor a hidden file."""
