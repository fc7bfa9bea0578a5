"""The configuration of an arm that trains a classifier, and the names of its model and recipe."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from study import given_weights
from study.spec.plugins import Plugin
from study.spec.study import Arm, Study
from study.tasks.classification.schema import Data, Recipe

UNLABELLED = ("name", "epochs", "batch_size", "grad_accum_steps")  # keys that a label leaves out


@dataclass(frozen=True)
class Config:
    """The configuration of one arm, before the model's own defaults are filled in."""

    model: str
    arguments: Mapping[str, object]
    data: Data
    recipe: Recipe
    recipe_name: str = ""
    """The shipped recipe that `recipe` departs from."""
    root: str | None = None
    """The folder of the images as the file has it: `$IMAGENET`, not the folder on this machine."""
    plugins: tuple[Plugin, ...] = ()
    """The user's plugins, which may define the model or parts that the arguments name."""
    unresolved: frozenset[str] = frozenset()
    """The parts (model, data, recipe) that are wrong in the file and have defaults here."""


def evaluates_given_weights(config: Config) -> bool:
    """True where given weights are evaluated and nothing is trained; seeds change nothing."""
    given = given_weights.has_given_weights(config.arguments)
    return given and not config.recipe.total_epochs


def config_of(arm: Arm) -> Config:
    """The configuration of an arm of this task."""
    return cast(Config, arm.config)


def part_label(study: Study, part: str, arm: Arm | None = None) -> str:
    """The name of an arm's model or recipe, with the arguments that the baseline changes.

    Arguments that factors vary are left out, and so are a recipe's length and batch size,
    which are printed elsewhere.
    """
    varied = {factor.path for factor in study.factors} | {f"{part}.{key}" for key in UNLABELLED}
    base = study.baseline[part]
    config = config_of(arm) if arm else None
    name = base["name"]
    if config:
        name = config.model if part == "model" else config.recipe_name
    changed = base.items() if name == base["name"] else ()
    changes = ", ".join(
        _change(k, v) for k, v in changed if v != {} and f"{part}.{k}" not in varied
    )
    return f"{name} with {changes}" if changes else str(name)


def _change(key: str, value: object) -> str:
    if isinstance(value, Mapping):
        return f"{key} {', '.join(f'{k}: {v}' for k, v in value.items())}"
    return f"{key} {value}"
