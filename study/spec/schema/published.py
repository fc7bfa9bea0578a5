"""The keys of published numbers and of the protocol by which they were measured."""

import re
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from study.spec.image_size import ImageSize
from study.spec.schema.types import Count, Natural, NotNegative, Strict, Text, pixels

Status = Literal["verified", "derived", "unverified"]


UNSIGNED_NUMBER = r"[0-9]+\.?[0-9]*|\.[0-9]+"
# Papers also print +- and +/-, some with U+2212, which is not the hyphen of the keyboard.
NUMBER_WITH_SPREAD = rf"^\s*({UNSIGNED_NUMBER})\s*(?:±|\+/?[-−])\s*({UNSIGNED_NUMBER})\s*$"
WithSpread = Annotated[str, Field(pattern=NUMBER_WITH_SPREAD, examples=["72.6 ± 0.2"])]
"""A number with its spread over runs, as papers print it."""


class Protocol(Strict):
    """The protocol of a published number; an absent key is unknown."""

    model: str | None = Field(None, description="name in this package; the row's model when absent")
    data: Text | None = Field(None, description="name or title of the data")
    img_size: Annotated[ImageSize, *pixels(1, 65_536)] | None = Field(
        None, description="pixels of both sides, or [height, width]"
    )
    recipe: str | None = Field(None, description="a file of study/recipes")
    epochs: Natural | None = Field(None, description="of training")
    batch_size: Count | None = Field(None, description="images in one update of the weights")
    hardware: str | None = Field(None, description="that speeds were measured on")
    precision: str | None = Field(None, description="that speeds were measured in")
    counting: Literal["conv+linear", "conv+linear+matmul", "all"] | None = Field(
        None, description="which multiply-adds were counted, if the source says so"
    )


class Value(Strict):
    """One published number whose status, source or protocol differs from its row's."""

    value: float | WithSpread = Field(description="in the units of the table")
    spread: NotNegative | None = Field(None, description="± over runs, as it was printed")
    status: Status | None = Field(None, description="absent: that of the row")
    source: Text | None = Field(None, description="absent: that of the row")
    protocol: Protocol = Field(Protocol(), description="what differs from that of the row")


class Published(Strict):
    """Published numbers of one row, in the units of the table and with their decimals."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, float | WithSpread | Value]
    status: Status = Field("unverified", description="unverified numbers enter no verdict")
    source: Text | None = Field(None, description="who printed the numbers; absent: the study's")
    protocol: Protocol = Field(Protocol(), description="what differs from that of the study")


def parted(written: str) -> tuple[str, str]:
    """Split a number from its spread: "72.6 ± 0.2" -> ("72.6", "0.2")."""
    match = re.match(NUMBER_WITH_SPREAD, written)
    return (match[1], match[2]) if match else (written, "")
