"""Types of the schema: numbers in the ranges in which they make sense."""

from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError, PydanticKnownError

from study.spec import image_size
from study.spec.metric import MOST_IMAGES

MOST_EPOCHS = 10_000  # epochs
# Ranges are wide: they catch slips of the keyboard before memory is allocated, not taste.

# `with_texts` reads numbers at these places as the text that they are written as.
Text = Annotated[str, WithJsonSchema({"type": ["string", "number", "boolean"]})]
Label = Annotated[str, WithJsonSchema({"type": ["string", "number", "boolean", "null"]})]

Count = Annotated[int, Field(ge=1)]
Natural = Annotated[int, Field(ge=0)]
Batch = Annotated[int, Field(ge=1, le=MOST_IMAGES)]
Epochs = Annotated[int, Field(ge=0, le=MOST_EPOCHS)]
Fraction = Annotated[float, Field(ge=0, le=1)]
NotNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Below1 = Annotated[float, Field(ge=0, lt=1)]
Share = Annotated[float, Field(gt=0, lt=1)]
UpTo1 = Annotated[float, Field(gt=0, le=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


def _of_pixels(values: list[float], info: ValidationInfo) -> list[float]:
    """Validate statistics of pixels in 0..1, one for all channels or one per channel."""
    if any(value > 1 for value in values):
        scaled = ", ".join(f"{value / 255:.3g}" for value in values)
        raise ValueError(
            f"{info.field_name}: give values for pixels in 0..1; divided by 255: [{scaled}]"
        )
    return values


def _ascending(values: list[float], info: ValidationInfo) -> list[float]:
    if values[0] > values[-1]:
        raise ValueError(f"{info.field_name}: {values} is no range; write the smaller number first")
    return values


def _wide(values: list[float], info: ValidationInfo) -> list[float]:
    if values[0] >= values[1]:
        raise ValueError(f"{info.field_name}: {values} is no range; write the smaller number first")
    return values


# A mean may be 0, a deviation may not: pixels are divided by it.
Channels = Annotated[
    list[NotNegative], Field(min_length=1, max_length=16), AfterValidator(_of_pixels)
]
Deviations = Annotated[
    list[Positive], Field(min_length=1, max_length=16), AfterValidator(_of_pixels)
]
Pair = Annotated[list[float], Field(min_length=2, max_length=2)]
Range = Annotated[Pair, AfterValidator(_wide)]
Shares = Annotated[
    list[Annotated[float, Field(ge=0.001, le=1)]],
    Field(min_length=2, max_length=2),
    AfterValidator(_ascending),
]
Ratios = Annotated[
    list[Annotated[float, Field(ge=0.05, le=20)]],
    Field(min_length=2, max_length=2),
    AfterValidator(_ascending),
]
Momenta = Annotated[list[Below1], Field(min_length=2, max_length=2)]


def pixels(smallest: int, largest: int) -> tuple[BeforeValidator, WithJsonSchema]:
    """Annotations of an image size: a side within these limits, or height and width."""

    def checked(value: object) -> image_size.ImageSize:
        pair = value if isinstance(value, list | tuple) else [value, value]
        # bool is a subclass of int.
        if len(pair) != 2 or not all(type(side) is int for side in pair):
            message = "give one side, or [height, width], in whole pixels"
            raise PydanticCustomError("image_size", message)
        if min(pair) < smallest:
            raise PydanticKnownError("greater_than_equal", {"ge": smallest})
        if max(pair) > largest:
            raise PydanticKnownError("less_than_equal", {"le": largest})
        return image_size.of_sides(*pair)

    # One validator in place of a union of types, whose errors would name both alternatives.
    side = {"type": "integer", "minimum": smallest, "maximum": largest}
    both = {"type": "array", "items": side, "minItems": 2, "maxItems": 2}
    return BeforeValidator(checked), WithJsonSchema({"anyOf": [side, both]})


Pixels = Annotated[image_size.ImageSize, *pixels(image_size.SMALLEST, image_size.LARGEST)]


class Strict(BaseModel):
    """Base of all models: frozen, and an unknown key is an error."""

    # strict: YAML has types, so the text "1" for a number is a mistake and not a number.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
