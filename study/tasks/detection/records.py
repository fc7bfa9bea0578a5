"""The records of this task: what a trial computes, and what building its detector found."""

from functools import cached_property
from typing import Self

from pydantic import Field

from study.store.atomic import Record
from study.store.cost_records import ArmCost
from study.store.fields import Few
from study.store.frozen import Frozen
from study.store.records import TrialConfig, TrialRecord
from study.tasks.detection.schema import CocoData, DetectionRecipe, DetectorKeys


class DetectorConfig(Frozen):
    """A detector by its keys; those of the backbone are complete."""

    keys: Record
    classes: Few
    """Number of classes, without the background."""
    backbone: str
    arguments: Record
    """All arguments of the backbone, defaults filled in."""
    code: Record = Field({})
    """Digests of plugins, by the name under which each is registered."""
    weights: Record = Field({})
    """Identity of the weights that the backbone starts from, and the tensors that fit or do not."""


class DetectionTrialConfig(TrialConfig):
    """The configuration of a trial that trains a detector."""

    model: DetectorConfig
    data: Record
    recipe: Record


class DetectionRecord(TrialRecord):
    """The record of a trial that trains a detector."""

    config: DetectionTrialConfig
    where: Record = Field({})
    """Keys of the data that find the images on this machine and change nothing in them."""
    start: str = ""
    """The file of the backbone's weights on this machine."""

    @classmethod
    def of(cls, record: TrialRecord) -> Self:
        return cls.checked(record.plain)

    @cached_property
    def keys(self) -> DetectorKeys:
        model = self.config.model
        # With all arguments: a later version may have other defaults.
        backbone = {"name": model.backbone, **model.arguments}
        return DetectorKeys.model_validate(model.keys | {"backbone": backbone})

    @cached_property
    def data(self) -> CocoData:
        return CocoData(**(self.config.data | self.where))

    @cached_property
    def recipe(self) -> DetectionRecipe:
        return DetectionRecipe(**self.config.recipe)


class StartRecord(Frozen):
    """The fit of given weights to a backbone."""

    sha256: str
    trial: str = ""
    key: str = ""
    """The set of tensors in the file."""
    loaded: Few = 0
    missing: list[str] = Field([])
    """Tensors of the backbone that the file lacks, which start at random."""
    unexpected: list[str] = Field([])
    """Tensors of the file that the backbone has not."""

    @property
    def sentence(self) -> str:
        rest = [
            f"{len(names)} {kind}: {', '.join(names[:6])}{' ...' if len(names) > 6 else ''}"
            for kind, names in (("missing", self.missing), ("unexpected", self.unexpected))
            if names
        ]
        return "; ".join([f"{self.loaded} tensors of the backbone are loaded", *rest])


class DetectorCost(ArmCost):
    """The cost of an arm, with the results of building its detector."""

    arguments: Record
    """All arguments of the backbone, defaults filled in."""
    defaults: Record
    """The default arguments of the backbone."""
    classes: Few
    code: Record = Field({})
    weights: StartRecord | None = None
    impossible: str = ""
    """Reason why the detector takes no images of the recipe's sizes; empty if it does."""
