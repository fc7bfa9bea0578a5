"""The schema of `search` in a study file."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from study.spec.schema.tuning import TuneRange
from study.spec.schema.types import Share, Strict


def _kind(value: object) -> str:
    """The form in which a dimension is written, so that mistakes are those of one form."""
    # A mapping is a range or labels, which its keys tell apart.
    if isinstance(value, list):
        return "list"
    # A range has the key `low`; labels of values could hardly be called so.
    is_range = not isinstance(value, dict) or {"low", "high"} & value.keys()
    return "TuneRange" if is_range else "mapping"


Dimension = Annotated[
    Annotated[TuneRange, Tag("TuneRange")]
    | Annotated[list[object], Field(min_length=2), Tag("list")]
    | Annotated[dict[str, object], Field(min_length=2), Tag("mapping")],
    Discriminator(_kind),
]


# Texts, since base units of MACs have nine digits and more.
class Bounds(Strict):
    """The range of a cost: a number in base units, 600M, or 0.8x the baseline's."""

    min: float | str | None = Field(None, description="least: 600M, 1e9, or 0.8x the baseline's")
    max: float | str | None = Field(None, description="most: 600M, 1e9, or 0.8x the baseline's")


class SearchKeys(Strict):
    """The keys of `search`: arms that are chosen from a space by several objectives."""

    space: Annotated[dict[str, Dimension], Field(min_length=1)] = Field(
        description="path: list of values, {label: value}, or {low, high, log, step}"
    )
    objectives: Annotated[list[str], Field(min_length=2, max_length=3)] = Field(
        description="a quality, then one or two costs"
    )
    constraints: dict[str, Bounds] = Field(
        {}, description="cost: {min, max} that a candidate must keep before it is trained"
    )
    trials: Annotated[int, Field(ge=2, le=1000)] = Field(description="candidates that are trained")
    keep: Annotated[int, Field(ge=1, le=50)] = Field(
        6, description="candidates of the front that are trained again, with the study's seeds"
    )
    holdout: Share | None = Field(
        None, description="share of the training images that candidates are judged on"
    )
    stop: Literal["median", "wilcoxon", "hyperband"] | None = Field(
        None, description="stops candidates early; such a candidate is on no front"
    )
    sampler: str = Field("tpe", description="of optuna, which proposes candidates")
    seed: Annotated[int, Field(ge=0, le=99_999)] = Field(
        0, description="of the proposals, and of the trials that are judged"
    )
    batch: Annotated[int, Field(ge=1, le=100)] = Field(
        4, description="candidates that are proposed at a time, whatever workers there are"
    )
