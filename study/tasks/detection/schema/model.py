"""The keys of `model`: a detector and its backbone."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from study.spec.schema.choices import suggested
from study.spec.schema.types import Count, Natural, Positive, Strict
from study.tasks.named_model import NamedModel, model_names

DETECTOR_NAMES = ("retinanet", "mask_rcnn")
OF_REGIONS = ("hidden", "rois")
"""Keys of the head on regions, which RetinaNet has not."""


class DetectorKeys(Strict):
    """A detector; the defaults are those of Detectron2's configurations, which the authors used."""

    name: Literal["retinanet", "mask_rcnn"] = Field(description=", ".join(DETECTOR_NAMES))
    backbone: Annotated[str, Field(min_length=1)] | NamedModel = Field(
        description="any timm name with maps at 1/4 to 1/32, or {name: ..., argument: value}",
        json_schema_extra=suggested(model_names),
    )
    norm: bool = Field(True, description="a LayerNorm on each map of the backbone, as the authors")
    # Detectron2 freezes two stages by default; of ResT it finds no layers of these names.
    frozen_stages: Natural = Field(0, description="leading stages, with the stem, not trained")
    frozen_batch_norm: bool = Field(False, description="batch norms of the backbone stay as loaded")
    channels: Count = Field(256, description="of the pyramid and the heads")
    anchor: Positive = Field(32.0, description="side of the smallest anchor, in pixels")
    coarse: Literal["c5", "p5"] = Field("c5", description="map that RetinaNet's P6 is computed of")
    hidden: Count = Field(1024, description="of Mask R-CNN's box head")
    rois: Count = Field(512, description="regions per image that Mask R-CNN trains its heads on")

    @model_validator(mode="after")
    def _used(self) -> Self:
        fields = type(self).model_fields
        # A key that changes nothing would name two trials for one computation.
        unused = ("coarse",) if self.name == "mask_rcnn" else OF_REGIONS
        if idle := [key for key in unused if getattr(self, key) != fields[key].default]:
            raise ValueError(f"{self.name} does not use {', '.join(idle)}: leave it out")
        return self

    @property
    def backbone_name(self) -> str:
        return self.backbone if isinstance(self.backbone, str) else self.backbone.name

    @property
    def arguments(self) -> dict[str, object]:
        """The arguments of the backbone, as the file gives them."""
        return {} if isinstance(self.backbone, str) else dict(self.backbone.model_extra or {})

    @property
    def masks(self) -> bool:
        """True if the detector predicts masks."""
        return self.name == "mask_rcnn"

    @property
    def reductions(self) -> tuple[int, ...]:
        """The maps that the pyramid is made of, in image pixels per pixel of a map."""
        return (4, 8, 16, 32) if self.masks else (8, 16, 32)
