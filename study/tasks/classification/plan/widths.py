"""The width of an arm's model: an argument of whole numbers, or one number that scales them all."""

from dataclasses import replace
from typing import cast

from study import given_weights
from study.errors import StudyError, unknown
from study.spec.study import Arm
from study.tasks.arms import ResolvedArm, Width
from study.tasks.classification.config import config_of
from study.tasks.classification.records import ModelCost

OWN = "model.dims"  # of ResT and PVT: the channels of every stage

HEADS = {"dims": "heads", "embed_dim": "num_heads", "embed_dims": "num_heads"}
"""By argument for a width, the one for the heads that divide it."""


def width(arm: ResolvedArm, path: str) -> Width:
    """The width of an arm as its model takes it; raises StudyError, as `Task.width` does."""
    built, config = cast(ModelCost, arm.cost_record), config_of(arm.arm)
    part, _, argument = (path or _usual(built)).partition(".")
    if part != "model" or not argument:
        raise StudyError(f'"{path}" is no argument of the model, such as {OWN}')
    if given_weights.has_given_weights(config.arguments):
        raise StudyError("given weights fit one width alone")
    value = built.arguments.get(argument)
    if value is None and built.defaults:
        raise StudyError(unknown(f"argument of {built.model}", argument, built.defaults))
    if value is None:
        raise StudyError(
            f"the {argument} of {built.model} is not known: write it into the study file, as in "
            f"model: {{name: {built.model}, {argument}: ...}}"
        )
    values = value if isinstance(value, list | tuple) else [value]
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    if not values or not numbers or min(values) <= 0:
        raise StudyError(f"the {argument} of {built.model} is no width: {value}")
    several = isinstance(value, list | tuple)
    divisors = _divisors(built, argument, len(values))
    return Width(f"{part}.{argument}", tuple(values), divisors, several)


def _usual(built: ModelCost) -> str:
    if "dims" in built.arguments:
        return OWN
    raise StudyError(f"no width of {built.model} is known: name one, such as by: model.embed_dim")


def _divisors(built: ModelCost, argument: str, count: int) -> tuple[int, ...]:
    heads = built.arguments.get(HEADS.get(argument, ""))
    each = heads if isinstance(heads, list | tuple) else [heads] * count
    whole = tuple(n for n in each if isinstance(n, int) and n > 0)
    return whole if len(whole) == count else (1,) * count


def resized(arm: Arm, path: str, value: object) -> Arm:
    """The arm with another value of an argument of its model."""
    config = config_of(arm)
    argument = path.partition(".")[2]
    return replace(arm, config=replace(config, arguments={**config.arguments, argument: value}))
