"""The keys of `from` in a metric: what reads it, and which of several values counts."""

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from study.spec.reading import TELL, Reading
from study.spec.schema.types import Strict

OPTIMISTIC = ("best", "min", "max", "first")
TAKE = "last, or mean_of_last 5 for the mean of so many values"


def _expression(text: str, info: ValidationInfo) -> str:
    """Validate a regular expression: it has a group for the value, and may have one for a step."""
    try:
        groups = re.compile(text)
    except re.error as error:
        raise ValueError(f"{info.field_name}: no regular expression: {error}") from None
    names = {*groups.groupindex}
    if names - {"value", "step"} or (names and "value" not in names):
        raise ValueError(f"{info.field_name}: its named groups are value, and step if there is one")
    if not names and groups.groups != 1:
        count = groups.groups
        raise ValueError(f"{info.field_name}: one group in ( ) is the value; it has {count}")
    return text


def _take(text: str) -> str:
    # See decision 10: there is no best epoch.
    if text in OPTIMISTIC:
        raise ValueError(
            f"take: {text} is no fair choice: the luckiest of many values is too good by an amount "
            f"that differs by arm; take {TAKE}"
        )
    match = re.fullmatch(r"last|mean_of_last ([1-9][0-9]{0,5})", text)
    if match is None:
        raise ValueError(f'take: "{text}" is none: {TAKE}')
    return text


Name = Annotated[str, Field(min_length=1)]


class From(Strict):
    """The reader of a metric with its source, and which values count."""

    stdout: Annotated[Name, AfterValidator(_expression)] | None = Field(
        None, description="regular expression for a line of output, the value in its group"
    )
    # Without an alias it would hide a method of pydantic's models.
    json_file: Name | None = Field(None, alias="json", description="JSON, or JSON lines")
    csv: Name | None = Field(None, description="CSV file with a header")
    tensorboard: Name | None = Field(None, description="folder of event files")
    wandb: Name | None = Field(None, description="folder of an offline run")
    trackio: Name | None = Field(None, description="folder of trackio's data")
    key: Name | None = Field(
        None, description="dotted key, column or tag; absent, the name of the metric"
    )
    take: Annotated[str, AfterValidator(_take)] = Field("last", description=TAKE)

    @model_validator(mode="after")
    def _of_one_reader(self) -> Self:
        if len(given := self._given()) > 1:
            raise ValueError(f"{given[1][0]}: a metric has one reader, and this has {given[0][0]}")
        if self.stdout is not None and self.key is not None:
            raise ValueError("key: the value of a line of output is the group of its expression")
        return self

    def reading(self, metric: str) -> Reading:
        """The reading of a metric of this name."""
        reader, source = next(iter(self._given()), (TELL, ""))
        count = self.take.partition(" ")[2] or "1"
        return Reading(reader, source, self.key or metric, int(count))

    def _given(self) -> list[tuple[str, str]]:
        """The readers with their sources, as the file names them."""
        return [
            (field.alias or name, source)
            for name, field in type(self).model_fields.items()
            if name not in ("key", "take") and (source := getattr(self, name)) is not None
        ]
