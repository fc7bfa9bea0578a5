"""The keys of `match`: which cost of the baseline every arm is refitted to, and by which width."""

from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from study.spec.schema.types import Positive, Strict

Tolerance = Annotated[float, Field(gt=0, lt=1)]


class Match(Strict):
    """A cost with its relative tolerance, as in `macs: 0.01`, and how widths are scaled."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Tolerance]
    by: str = Field(
        "", description="path of the width that is scaled, such as model.dims; absent, the task's"
    )
    multiple: Positive = Field(8, description="scaled widths are multiples of it")

    @model_validator(mode="after")
    def _single(self) -> Self:
        if len(self.__pydantic_extra__) != 1:
            raise ValueError("match: name one cost and its tolerance, such as macs: 0.01")
        return self

    @property
    def metric(self) -> str:
        return next(iter(self.__pydantic_extra__))

    @property
    def tolerance(self) -> float:
        """The largest difference from the baseline's cost that counts as equal, relative."""
        return self.__pydantic_extra__[self.metric]
