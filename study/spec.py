"""The nouns: Study, Factor, Level, Arm; and the name of what an arm computes."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from study.errors import SpecError, unknown
from study.marks import Mark, Problem, Tree, merged, read, report
from study.schema import Data, Published, Recipe, validated

IDENTITY = 1  # raise it when results of the same name come to mean something else
NOT_IDENTITY = {"root", "download", "unverified"}  # where and how sure, not what is computed
PARTS = ("model", "data", "recipe")


@dataclass(frozen=True)
class Config:
    """What one arm computes, before the model's own defaults are known."""

    model: str
    arguments: Mapping[str, Any]
    data: Data
    recipe: Recipe


@dataclass(frozen=True)
class Level:
    label: str
    value: Tree


@dataclass(frozen=True)
class Factor:
    """`levels[0]` is the baseline's."""

    path: str
    levels: tuple[Level, ...]


@dataclass(frozen=True)
class Arm:
    """The level chosen for each factor, in the order of the factors; all 0 is the baseline."""

    choices: tuple[int, ...]
    config: Config

    @property
    def departs(self) -> tuple[int, ...]:
        """Indices of the factors that are not at their first level."""
        return tuple(factor for factor, level in enumerate(self.choices) if level)


@dataclass(frozen=True)
class Study:
    name: str
    path: Path
    profile: str | None
    question: str
    source: str | None
    baseline: Mapping[str, Tree]
    factors: tuple[Factor, ...]
    designs: tuple[str, ...]
    seeds: tuple[int, ...]
    columns: tuple[str, ...]
    published: Mapping[str, Published]
    claims: tuple[str, ...]
    root: Tree

    @property
    def title(self) -> str:
        """The study's name, and the profile's where one is chosen."""
        return self.name if self.profile is None else f"{self.name}-{self.profile}"

    def arm(self, choices: Sequence[int]) -> Arm:
        config, problems = self._config(choices)
        if problems:
            raise SpecError(report(problems))
        return Arm(tuple(choices), config)

    def label(self, choices: Sequence[int], within: int | None = None) -> str:
        """What the row is called; a baseline goes by its level of the factor `within`."""
        departs = [factor for factor, level in enumerate(choices) if level]
        if not departs:
            return self.factors[within].levels[0].label if within is not None else "baseline"
        return " + ".join(self.factors[f].levels[choices[f]].label for f in departs)

    def trees(self, choices: Sequence[int]) -> dict[str, Tree]:
        trees = dict(self.baseline)
        for factor, level in zip(self.factors, choices, strict=True):
            part, _, key = factor.path.partition(".")
            value = factor.levels[level].value
            if key:
                keys = {key: value.mark}
                value = Tree({key: value}, value.mark, keys)
            trees[part] = merged(trees[part], value)
        return trees

    def mark(self, choices: Sequence[int], argument: str | None = None) -> Mark:
        """Where the file says what makes this arm's model (or one `argument` of it) what it is."""
        for index in reversed([f for f, level in enumerate(choices) if level]):
            factor = self.factors[index]
            part, _, key = factor.path.partition(".")
            level = factor.levels[choices[index]]
            keys = level.value.keys if not key else {key: level.value.mark}
            if part == "model" and (argument is None or argument in keys):
                return keys.get(argument or "", level.value.mark)
        model = self.trees(choices)["model"]
        return model.keys.get(argument or "name", model.mark)

    def _config(self, choices: Sequence[int]) -> tuple[Config, list[Problem]]:
        trees = self.trees(choices)
        data, problems = validated(Data, trees["data"])
        recipe, more = recipe_of(trees["recipe"])
        named = trees["model"].plain()
        name = named.pop("name", "") if isinstance(named, dict) else ""
        return Config(
            model=str(name),
            arguments=named or {},
            data=data or Data(name="digits"),
            recipe=recipe or Recipe(),
        ), problems + more


# ---- recipes ----


def recipes() -> dict[str, str]:
    """The text of every recipe that ships, by name."""
    files = resources.files("study") / "recipes"
    return {
        Path(file.name).stem: file.read_text("utf-8")
        for file in sorted(files.iterdir(), key=lambda f: f.name)
        if file.name.endswith(".yaml")
    }


def recipe_of(tree: Tree) -> tuple[Recipe | None, list[Problem]]:
    """A recipe file with what the study changes in it."""
    if not isinstance(tree.value, dict) or "name" not in tree.value:
        return None, []
    name, known = tree.value["name"], recipes()
    if name.value not in known:
        return None, [Problem(unknown("recipe", str(name.value), known), name.mark)]
    file, problems = read(known[name.value], f"study/recipes/{name.value}.yaml")
    both = merged(file, tree, whole=False)
    both.value.pop("name", None)
    recipe, more = validated(Recipe, both)
    return recipe, problems + more


# ---- identity ----


def resolved(config: Config, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Everything the arm computes with, defaults filled in; `arguments` are the model's own."""
    return {
        "model": {"name": config.model, "arguments": dict(arguments)},
        "data": config.data.model_dump(mode="json", exclude=NOT_IDENTITY),
        "recipe": config.recipe.model_dump(mode="json", exclude=NOT_IDENTITY),
    }


def digest(full: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    """Ten hex characters naming what departs from the defaults in a resolved configuration.

    Only departures count, so a field added later leaves the names of old results alone.
    `defaults` are the model's arguments when none is given.
    """
    model = full["model"]
    departures = {
        "model": [model["name"], _departures(model["arguments"], defaults)],
        "data": _departures(full["data"], _field_defaults(Data)),
        "recipe": _departures(full["recipe"], _field_defaults(Recipe)),
    }
    text = json.dumps([IDENTITY, departures], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def _departures(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    absent = object()
    return {key: value for key, value in values.items() if value != defaults.get(key, absent)}


def _field_defaults(schema: type[BaseModel]) -> dict[str, Any]:
    fields = schema.model_fields.items()
    return {name: field.default for name, field in fields if not field.is_required()}
