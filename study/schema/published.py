"""What somebody printed, and how it was taken."""

from typing import Literal

from pydantic import ConfigDict, Field

from study.schema.base import Count, Natural, Strict

Status = Literal["verified", "derived", "unverified"]


class Protocol(Strict):
    """How a published number was taken; what is absent is not known."""

    model: str | None = Field(None, description="its name here; the row's own when absent")
    data: str | None = Field(None, description="name or title of the data")
    img_size: Count | None = None
    recipe: str | None = Field(None, description="a file of study/recipes")
    epochs: Natural | None = None
    batch_size: Count | None = Field(None, description="images in one update of the weights")
    hardware: str | None = None
    precision: str | None = None
    counting: Literal["conv+linear", "conv+linear+matmul", "all"] | None = Field(
        None, description="which multiply-adds were counted, where the source says"
    )


class Value(Strict):
    """One published number, where it differs from its row in how sure or how taken it is."""

    value: float
    status: Status | None = None
    source: str | None = None
    protocol: Protocol = Protocol()


class Published(Strict):
    """Numbers somebody printed for one row, in the units of the table and with their decimals."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, float | Value]
    status: Status = "verified"
    source: str | None = None
    protocol: Protocol = Protocol()
