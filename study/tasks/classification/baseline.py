"""The baseline of a study that trains classifiers: its schema, and how its parts are read."""

from typing import cast

from pydantic import Field
from pydantic.config import JsonDict

from study.spec.problems import Problem
from study.spec.schema import Named, validated
from study.spec.schema.types import Strict
from study.spec.task import ReadParts
from study.spec.yaml import Tree
from study.tasks.classification.config import Config
from study.tasks.classification.recipes import contradictions, recipe_of, recipes
from study.tasks.classification.schema import Data, NamedRecipe, Recipe

ModelArguments = tuple[str, dict[str, object]]
"""The name of a model and its arguments; the name is empty where the file gives none."""


def _with_names(schema: JsonDict) -> None:
    """Editors complete the names of the shipped recipes."""
    alternatives = cast(list[JsonDict], schema["anyOf"])
    alternatives[0]["enum"] = [*sorted(recipes())]


class Baseline(Strict):
    """The model, data and recipe that all arms depart from."""

    model: str | Named = Field(description="any timm name, or {name: ..., argument: value}")
    data: str | Data = Field(description="a dataset name, or {name: ..., img_size: ...}")
    recipe: str | NamedRecipe = Field(
        description="a file of study/recipes, or {name: ..., lr: ...}",
        json_schema_extra=_with_names,
    )


def model_of(tree: Tree) -> tuple[ModelArguments, list[Problem]]:
    plain = tree.plain()
    if isinstance(plain, dict) and isinstance(plain.get("name"), str):
        return (plain.pop("name"), plain), []
    return ("", {}), [Problem("model: give a name, or a mapping with a name", tree.location)]


def data_of(tree: Tree) -> tuple[Data | None, list[Problem]]:
    return validated(Data, tree)


def clashes(parts: ReadParts) -> list[Problem]:
    """Problems of the data beside the recipe."""
    data = cast(Data | None, parts.values["data"])
    recipe = cast(Recipe | None, parts.values["recipe"])
    return contradictions(data, recipe, parts.trees["data"])


def config(parts: ReadParts) -> Config:
    """The configuration of an arm; a wrong part has a default."""
    name, arguments = cast(ModelArguments, parts.values["model"])
    data = cast(Data | None, parts.values["data"])
    recipe = cast(Recipe | None, parts.values["recipe"])
    root = parts.trees["data"].at(["root"])
    recipe_name = parts.trees["recipe"].at(["name"]).value
    return Config(
        model=name,
        arguments=arguments,
        data=data or Data(name="digits"),
        recipe=recipe or Recipe(),
        recipe_name=recipe_name if isinstance(recipe_name, str) else "",
        # The variable, so that trials have the same name wherever the images are.
        root=root.variable or (data.root if data else None),
        plugins=parts.plugins,
        unresolved=parts.unresolved,
    )


PARTS = {"model": model_of, "data": data_of, "recipe": recipe_of}
"""The parts of a baseline, each with the function that reads it."""
