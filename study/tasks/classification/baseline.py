"""The baseline of a study that trains classifiers: its schema, and how its parts are read."""

from typing import cast

from pydantic import Field

from study import given_weights
from study.given_weights import RANDOM, TIMM, StartingWeights
from study.spec.problems import Problem
from study.spec.schema import validated
from study.spec.schema.choices import suggested
from study.spec.schema.types import Strict
from study.spec.task import ReadParts
from study.spec.yaml import Tree
from study.tasks.classification.config import Config
from study.tasks.classification.recipes import ReadRecipe, contradictions, recipe_of
from study.tasks.classification.schema import (
    Data,
    NamedRecipe,
    Recipe,
    Weights,
    data_names,
    recipe_names,
)
from study.tasks.named_model import NamedModel, model_names

ModelArguments = tuple[str, dict[str, object]]
"""The name of a model and its arguments; the name is empty where the file gives none."""


class Baseline(Strict):
    """The model, data, recipe and weights that all arms depart from."""

    model: str | NamedModel = Field(
        description="any timm name, or {name: ..., argument: value}",
        json_schema_extra=suggested(model_names),
    )
    data: str | Data = Field(
        description="a dataset name, or {name: ..., img_size: ...}", json_schema_extra=data_names
    )
    recipe: str | NamedRecipe = Field(
        description="a file of study/recipes, FILE.yaml, {name: ..., lr: ...}, or none",
        json_schema_extra=recipe_names,
    )
    weights: str | Weights = Field(
        RANDOM,
        description="FILE, timm, trial:NAME, none, or {file: FILE, key: KEY}",
        examples=[TIMM, RANDOM],
    )


def model_of(tree: Tree) -> tuple[ModelArguments, list[Problem]]:
    plain = tree.plain()
    if isinstance(plain, dict) and isinstance(plain.get("name"), str):
        return (plain.pop("name"), plain), []
    return ("", {}), [Problem("model: give a name, or a mapping with a name", tree.location)]


def data_of(tree: Tree) -> tuple[Data | None, list[Problem]]:
    return validated(Data, tree)


def weights_of(tree: Tree) -> tuple[StartingWeights | None, list[Problem]]:
    """The weights that training starts from; random ones where the file does not say."""
    # A part that the file leaves out is read as an empty mapping.
    if tree.value == {}:
        return StartingWeights(RANDOM), []
    weights, problems = validated(Weights, tree, "weights.")
    if weights is None:
        return None, problems
    name = tree.value.get("name")
    # A name that was written as text alone is replaced by a level with a file.
    if weights.file and name and tree.key(["name"]) != name.location:
        return None, [Problem("weights: a name or a file, not both", tree.key(["name"]))]
    source = weights.file or weights.name
    if not source:
        return None, [Problem("weights: give a file, or a name", tree.location)]
    # Only a file may have several sets of tensors, of which a key picks one.
    if weights.key and (source in (TIMM, RANDOM) or source.startswith(given_weights.OF_TRIAL)):
        return None, [Problem(f"weights {source} have no key", tree.key(["key"]))]
    return StartingWeights(source, weights.key), []


def clashes(parts: ReadParts) -> dict[str, list[Problem]]:
    """Problems of the data beside the recipe, and of weights that are given twice."""
    data, recipe = cast(Data | None, parts.values["data"]), _recipe(parts)
    wrong = contradictions(data, recipe, parts.trees["data"])
    return {"data": wrong, "weights": _given_twice(parts)}


def _given_twice(parts: ReadParts) -> list[Problem]:
    _, arguments = cast(ModelArguments, parts.values["model"])
    tree = parts.trees["weights"]
    both = [key for key in (given_weights.CHECKPOINT, given_weights.FETCHED) if arguments.get(key)]
    if not both or tree.value == {}:
        return []
    message = f"weights and model.{both[0]} both name the weights"
    return [Problem(message, tree.location, "leave one of them out")]


def _recipe(parts: ReadParts) -> Recipe | None:
    read_recipe = cast(ReadRecipe | None, parts.values["recipe"])
    return read_recipe.recipe if read_recipe else None


def config(parts: ReadParts) -> Config:
    """The configuration of an arm; a wrong part has a default."""
    name, arguments = cast(ModelArguments, parts.values["model"])
    data = cast(Data | None, parts.values["data"])
    read_recipe = cast(ReadRecipe | None, parts.values["recipe"])
    weights = cast(StartingWeights | None, parts.values["weights"]) or StartingWeights(RANDOM)
    root = parts.trees["data"].at(["root"])
    recipe_name = parts.trees["recipe"].at(["name"]).value
    return Config(
        model=name,
        arguments=arguments | weights.arguments,
        # Digits need no key but their name, so this default is never a mistake itself.
        data=data or Data(name="digits"),
        recipe=read_recipe.recipe if read_recipe else Recipe(),
        recipe_name=recipe_name if isinstance(recipe_name, str) else "",
        recipe_notes=read_recipe.notes if read_recipe else (),
        weights=weights,
        # The variable, so that trials have the same name wherever the images are.
        root=root.variable or (data.root if data else None),
        plugins=parts.plugins,
        unresolved=parts.unresolved,
    )


PARTS = {"model": model_of, "data": data_of, "recipe": recipe_of, "weights": weights_of}
"""The parts of a baseline, each with the function that reads it."""
