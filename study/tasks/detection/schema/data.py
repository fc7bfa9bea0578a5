"""The keys of `data`: which images with which boxes and masks."""

from typing import Literal, Self

from pydantic import Field, model_validator

from study.errors import unknown
from study.spec.schema.types import Count, Strict, Text

KINDS = ("digits_coco", "coco")
FILES = ("root", "train", "train_images", "val", "val_images", "zero_area")
"""Keys that say where files lie and how they are read, which data made by the package has not."""


class CocoData(Strict):
    """Images with objects in COCO's format: `digits_coco`, or files below `root`."""

    name: str = Field(description=", ".join(KINDS), json_schema_extra={"enum": [*KINDS]})
    title: Text | None = Field(None, description="name in tables, such as COCO 2017")
    # The names of COCO 2017 as it is unpacked, so that root is enough.
    root: str | None = Field(None, description="folder below which the files lie")
    train: str = Field(
        "annotations/instances_train2017.json", description="annotations to train on, below root"
    )
    train_images: str = Field("train2017", description="folder of the images of train, below root")
    val: str = Field(
        "annotations/instances_val2017.json", description="annotations to evaluate, below root"
    )
    val_images: str = Field("val2017", description="folder of the images of val, below root")
    # Detectron2, MMDetection and torchvision's reference all drop them by default.
    empty: Literal["keep", "drop"] = Field(
        "drop",
        description="training images without objects; those evaluated are always kept",
    )
    zero_area: Literal["refuse", "drop"] = Field(
        "refuse", description="objects without area, of which COCO's train2017 has two"
    )
    train_limit: Count | None = Field(
        None, description="use only this many images, a fixed random choice"
    )
    val_limit: Count | None = Field(
        None, description="use only this many images, a fixed random choice"
    )

    @model_validator(mode="after")
    def _used(self) -> Self:
        """Validate the kind of data, and refuse keys that have no effect on it."""
        if self.name not in KINDS:
            raise ValueError(unknown("data", self.name, KINDS))
        fields = type(self).model_fields
        idle = [key for key in FILES if getattr(self, key) != fields[key].default]
        if self.name == "digits_coco" and idle:
            raise ValueError(f"{self.name} does not use {', '.join(idle)}: leave it out")
        if self.name == "coco" and self.root is None:
            raise ValueError("coco needs root: the folder below which train and val lie")
        if self.name == "coco" and self.train == self.val:
            raise ValueError(f"training and evaluation would use the same images, {self.val}")
        return self

    @property
    def label(self) -> str:
        """The name of the data in tables, with the number of images if it is limited."""
        limits = ((self.train_limit, "to train on"), (self.val_limit, "to evaluate"))
        used = [f"{limit} {what}" for limit, what in limits if limit is not None]
        return ", ".join([self.title or TITLES[self.name], *used])


TITLES = {"digits_coco": "Digits on photographs", "coco": "COCO"}
