"""Records of `arms/KEY.json`: what is known of arms, recipes and images before anything runs."""

from typing import Any, Self

from pydantic import Field, model_validator

from study.store.fields import Number
from study.store.frozen import Frozen
from study.store.records import Shape


class Costs(Frozen):
    """The costs in a record, whatever else it holds."""

    cost: dict[str, Number | None] = Field({})


class ArmCost(Frozen):
    """The cost of an arm, with the results of building its model."""

    model: str
    """The name that the model is registered by."""
    shape: Shape
    arguments: dict[str, Any]
    """All arguments of the model, defaults filled in."""
    defaults: dict[str, Any]
    """The default arguments of the model."""
    slots: dict[str, list[str]]
    """Every part that may stand in a slot, by slot."""
    code: dict[str, Any]
    """Digests of the user's parts that the model uses, by their names."""
    cost: dict[str, Number | None]
    """By metric, in base units."""
    counts: dict[str, dict[str, Number]] = Field({})
    """By counter, the multiply-adds of each kind of operation."""
    stages: dict[str, dict[str, Number]] = Field({})
    """By stage, the multiply-adds of each kind of operation."""
    weights: dict[str, Any] | None = None
    """Which weights the model starts from, where it starts from given ones."""
    refused: str = ""
    """Why the multiply-adds are not given."""
    misfit: str = ""
    """Why the model's output fits no training."""
    impossible: str = ""
    """Why the model takes no images of this size."""
    unreached: list[str] | None = None
    """Parameters that no gradient reaches; None where that could not be tried."""

    @property
    def num_classes(self) -> int:
        return self.shape.num_classes

    @model_validator(mode="after")
    def _filled(self) -> Self:
        if not self.slots.keys() <= self.arguments.keys():
            raise ValueError("a slot is not among the arguments")
        return self


class Alike(Frozen):
    """The answer to whether two models cost and compute the same."""

    alike: bool


class RecipeSchedule(Frozen):
    """A recipe's learning rate in every epoch."""

    rates: list[Number]
    updates: str | None = None
    """A digest of the first updates, where the optimizer allows one."""
