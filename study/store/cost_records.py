"""Records of `arms/KEY.json`: facts about arms, recipes and images from before any training."""

from typing import Self

from pydantic import Field, model_validator

from study.store.atomic import Record
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
    arguments: Record
    """All arguments of the model, defaults filled in."""
    defaults: Record
    """The default arguments of the model."""
    slots: dict[str, list[str]]
    """Every part that may stand in a slot, by slot."""
    code: Record
    """Digests of the user's parts that the model uses, by their names."""
    cost: dict[str, Number | None]
    """Costs by metric, in base units."""
    counts: dict[str, dict[str, Number]] = Field({})
    """Multiply-adds by counter and kind of operation."""
    stages: dict[str, dict[str, Number]] = Field({})
    """Multiply-adds by stage and kind of operation."""
    weights: Record | None = None
    """Identity of the weights that training starts from; None for random ones."""
    refused: str = ""
    """Reason why there are no multiply-adds; empty if there are."""
    misfit: str = ""
    """Reason why the model's outputs cannot be trained on; empty if they can."""
    impossible: str = ""
    """Reason why the model takes no images of this size; empty if it does."""
    unreached: list[str] | None = None
    """Parameters that get no gradient; None if the model could not run."""

    audited: bool = True
    """False if one counter counted, and neither gradients nor outputs were looked at."""

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
