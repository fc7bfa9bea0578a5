"""The configuration of an arm that trains a classifier, and the names of its model and recipe."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from study import given_weights
from study.given_weights import StartingWeights
from study.spec.plugins import Plugin
from study.spec.study import Arm, Study
from study.tasks.classification.schema import NO_RECIPE, Data, Recipe

RANDOM_WEIGHTS = StartingWeights(given_weights.RANDOM)
UNLABELLED = ("name", "epochs", "batch_size", "grad_accum_steps")  # keys that a label leaves out


@dataclass(frozen=True)
class Config:
    """The configuration of one arm, before the model's own defaults are filled in."""

    model: str
    arguments: Mapping[str, object]
    """The model's, with those that `weights` stand for."""
    data: Data
    recipe: Recipe
    recipe_name: str = ""
    """The shipped recipe or the file that `recipe` departs from; "" for timm's defaults."""
    recipe_notes: tuple[str, ...] = ()
    """Notes on keys that the file of the recipe leaves open."""
    weights: StartingWeights = RANDOM_WEIGHTS
    root: str | None = None
    """The folder of the images as the file has it: `$IMAGENET`, not the folder on this machine."""
    plugins: tuple[Plugin, ...] = ()
    """The user's plugins, which may define the model or parts that the arguments name."""
    unresolved: frozenset[str] = frozenset()
    """The parts (model, data, recipe, weights) that are wrong in the file: defaults stand here."""

    @property
    def weights_part(self) -> bool:
        """True if the part `weights` names the weights, not an argument of the model."""
        return self.weights.source != given_weights.RANDOM

    @property
    def trains_nothing(self) -> bool:
        """True for the recipe that trains nothing, which has no optimizer either."""
        return self.recipe_name == NO_RECIPE

    def starting_from(self, checkpoint: Path) -> "Config":
        """The configuration with the weights of a trial, at their place on this machine."""
        # Not in `weights`: the name of the trial is the same on every machine, its place is not.
        place = {given_weights.CHECKPOINT: str(checkpoint)}
        return replace(self, arguments={**self.arguments, **place})


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
    which are printed elsewhere. A recipe in a file has the name of the file.
    """
    varied = {factor.path for factor in study.factors} | {f"{part}.{key}" for key in UNLABELLED}
    base = study.baseline[part]
    config = config_of(arm) if arm else None
    own = str(base.get("name") or "")
    name = own
    if config:
        name = config.model if part == "model" else config.recipe_name
    # The baseline's arguments are those of its own model or recipe: others inherit none.
    changed = base.items() if name == own else ()
    changes = ", ".join(
        _change(k, v) for k, v in changed if v != {} and f"{part}.{k}" not in varied
    )
    title = recipe_title(name) if part == "recipe" else name
    return f"{title} with {changes}" if changes else title


def _change(key: str, value: object) -> str:
    if isinstance(value, Mapping):
        return f"{key} {', '.join(f'{k}: {v}' for k, v in value.items())}"
    return f"{key} {value}"


def recipe_title(name: str) -> str:
    """A recipe's name in print: that of its file, or timm's defaults without one."""
    if not name:
        return "timm's defaults"
    return Path(name).stem if name.endswith((".yaml", ".yml")) else name


def weights_title(config: Config) -> str:
    """The weights that an arm starts from, in print; "" for random ones."""
    if config.weights_part:
        return config.weights.label
    path = config.arguments.get(given_weights.CHECKPOINT)
    return (
        str(path)
        if path
        else given_weights.TIMM * bool(config.arguments.get(given_weights.FETCHED))
    )
