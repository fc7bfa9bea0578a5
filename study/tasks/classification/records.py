"""The records of this task: what a trial computes, what building a model found, learning rates."""

from functools import cached_property
from typing import Self

from pydantic import Field, model_validator

from study.spec.image_size import sides
from study.store.atomic import Record
from study.store.cost_records import ArmCost
from study.store.fields import Few, Number, Pixels
from study.store.frozen import Frozen
from study.store.records import TrialConfig, TrialRecord
from study.tasks.classification.schema import Data, Recipe


class ModelConfig(Frozen):
    name: str
    arguments: Record
    code: object = None
    """Digests of plugins, by the name under which each is registered."""


class ClassifierConfig(TrialConfig):
    """The configuration of a trial that trains a classifier."""

    model: ModelConfig
    data: Record
    recipe: Record
    code: Record = Field({})
    """Digests of the plugins that training and evaluation use, by name."""


class Shape(Frozen):
    """The classes, channels and image size in pixels that a model is built for."""

    num_classes: Few
    in_chans: Few
    img_size: Pixels

    @property
    def size(self) -> tuple[int, int, int]:
        """The size of an image, (C, H, W)."""
        return (self.in_chans, *sides(self.img_size))


class GivenWeights(Frozen):
    """The arguments of a model that name files of weights, and the digests of these files."""

    arguments: Record = Field({})
    sha256: Record = Field({})
    new_head: bool = False
    """True if the classifier starts at random, as that of the weights has other classes."""


# Unpacked below, it builds a shape without its fields, for records that have none.
ABSENT: Record = {}


class ClassifierRecord(TrialRecord):
    """The record of a trial that trains a classifier."""

    config: ClassifierConfig
    shape: Shape = Shape.model_construct(**ABSENT)
    where: Record = Field({})
    """Keys of the data that find the images on this machine and change nothing in them."""
    weights: GivenWeights = GivenWeights()

    @classmethod
    def of(cls, record: TrialRecord) -> Self:
        return cls.checked(record.plain)

    @cached_property
    def data(self) -> Data:
        """Raises ValidationError where this version reads the images otherwise."""
        return Data(**(self.config.data | self.where))  # paths are those of this machine

    @cached_property
    def recipe(self) -> Recipe:
        """Raises ValidationError where this version has no such recipe."""
        return Recipe(**self.config.recipe)

    @property
    def arguments(self) -> Record:
        """The arguments of the model, with the places of given weights."""
        return self.config.model.arguments | self.weights.arguments


class ModelCost(ArmCost):
    """The cost of an arm, with the results of building its model."""

    model: str
    """The name that the model is registered by."""
    shape: Shape
    arguments: Record
    """All arguments of the model, defaults filled in."""
    defaults: Record
    """The default arguments of the model."""
    slots: dict[str, list[str]]
    """Every part that may stand in a slot, by slot."""
    code: Record
    """Digests of the user's parts that the model uses, by their names."""
    weights: Record | None = None
    """Identity of the weights that training starts from; None for random ones."""
    new_head: str = ""
    """A sentence on the classifier that starts at random beside given weights, if it does."""
    misfit: str = ""
    """Reason why the model's outputs cannot be trained on; empty if they can."""
    impossible: str = ""
    """Reason why the model takes no images of this size; empty if it does."""
    unreached: list[str] | None = None
    """Parameters that get no gradient; None if the model could not run, or was not audited."""

    @property
    def num_classes(self) -> int:
        return self.shape.num_classes

    @model_validator(mode="after")
    def _filled(self) -> Self:
        if not self.slots.keys() <= self.arguments.keys():
            raise ValueError("a slot is not among the arguments")
        return self


class Alike(Frozen):
    """True if two models have the same cost and the same outputs."""

    alike: bool


class RecipeSchedule(Frozen):
    """A recipe's learning rate in every epoch."""

    rates: list[Number]
    updates: str | None = None
    """A digest of the first updates, where the optimizer allows one."""
