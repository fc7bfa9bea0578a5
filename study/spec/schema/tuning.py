"""The schema of `tune` in a study file."""

from typing import Annotated

from pydantic import Discriminator, Field, Tag

from study.spec.schema.types import Share, Strict

Bound = Annotated[int | float, Field(description="a whole number, or one with a point")]


class TuneRange(Strict):
    """The keys of a range under `tune.space`."""

    low: Bound
    high: Bound
    log: bool = Field(False, description="drawn evenly over the logarithm")
    step: Bound | None = Field(None, description="distance of the values; 1 for whole numbers")


def _kind(value: object) -> str:
    """The form in which a dimension is written, so that mistakes are those of one form."""
    return "list" if isinstance(value, list) else "TuneRange"


Dimension = Annotated[
    Annotated[TuneRange, Tag("TuneRange")]
    | Annotated[list[object], Field(min_length=2), Tag("list")],
    Discriminator(_kind),
]


class Tune(Strict):
    """The keys of `tune`: hyper-parameters that every arm chooses before it is compared."""

    space: Annotated[dict[str, Dimension], Field(min_length=1)] = Field(
        description="path: {low, high, log, step}, or a list of values"
    )
    trials: Annotated[int, Field(ge=2, le=1000)] = Field(
        description="of every arm; the first has the values of this file"
    )
    objective: str | None = Field(
        None, description="the quality that chooses; absent, the tested one"
    )
    holdout: Share | None = Field(
        None, description="share of the training images that the objective is measured on"
    )
    sampler: str = Field("tpe", description="of optuna, which proposes values")
    seed: Annotated[int, Field(ge=0, le=99_999)] = Field(
        0, description="of the proposals, and of the trials that are judged"
    )
    batch: Annotated[int, Field(ge=1, le=100)] = Field(
        4, description="proposals of an arm that are made at a time, whatever workers there are"
    )
    at_baseline: bool = Field(
        True, description="also train every arm with the values that the baseline has chosen"
    )
