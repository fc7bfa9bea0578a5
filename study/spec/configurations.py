"""The configurations of a study's arms, each part validated once per choice of its own factors.

A thousand arms that vary the model share one recipe and one data set: these are read once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar, cast

from study.spec.places import PARTS, Places
from study.spec.plugins import Plugin
from study.spec.problems import Problem
from study.spec.recipes import contradictions, recipe_of
from study.spec.schema import Data, Recipe, validated
from study.spec.study import Arm, Config
from study.spec.yaml import Tree

Choices = tuple[int, ...]
Value = TypeVar("Value")
Read = tuple[Value, list[Problem]]
"""A part of a configuration, and the problems of its keys."""


@dataclass(frozen=True)
class Configurations:
    """The configuration of any combination of levels, and the problems of its keys."""

    places: Places
    plugins: tuple[Plugin, ...] = ()
    _parts: dict[tuple[str, Choices], object] = field(default_factory=dict)
    """Parts that were read, by name and levels of the factors of the part."""

    def arm(self, choices: Sequence[int]) -> Arm:
        """The arm with these levels; a wrong part has a default, so that others can be checked."""
        (name, arguments), _ = self._model(choices)
        data, _ = self._data(choices)
        recipe, _ = self._recipe(choices)
        root = self.places.tree("data", choices).at(["root"])
        recipe_name = self.places.tree("recipe", choices).at(["name"]).value
        problems = self._problems(choices)
        config = Config(
            model=name,
            arguments=arguments,
            data=data or Data(name="digits"),
            recipe=recipe or Recipe(),
            recipe_name=recipe_name if isinstance(recipe_name, str) else "",
            # The variable, so that trials have the same name wherever the images are.
            root=root.variable or (data.root if data else None),
            plugins=self.plugins,
            unresolved=frozenset(part for part in PARTS if problems[part]),
        )
        return Arm(tuple(choices), config)

    def problems(self, choices: Sequence[int]) -> list[Problem]:
        """The problems of the keys that define an arm."""
        return [problem for of_part in self._problems(choices).values() for problem in of_part]

    def _problems(self, choices: Sequence[int]) -> dict[str, list[Problem]]:
        (_, model), (data, wrong) = self._model(choices), self._data(choices)
        recipe, recipe_wrong = self._recipe(choices)
        clashes = contradictions(data, recipe, self.places.tree("data", choices))
        return {"model": model, "data": [*wrong, *clashes], "recipe": recipe_wrong}

    def _model(self, choices: Sequence[int]) -> Read[tuple[str, dict[str, object]]]:
        return self._once("model", choices, _model)

    def _data(self, choices: Sequence[int]) -> Read[Data | None]:
        return self._once("data", choices, partial(validated, Data))

    def _recipe(self, choices: Sequence[int]) -> Read[Recipe | None]:
        return self._once("recipe", choices, recipe_of)

    def _once(
        self, part: str, choices: Sequence[int], read: Callable[[Tree], Read[Value]]
    ) -> Read[Value]:
        # Levels of other parts' factors change nothing here.
        both = zip(self.places.factors, choices, strict=True)
        own = tuple(level if factor.part == part else 0 for factor, level in both)
        if (part, own) not in self._parts:
            self._parts[part, own] = read(self.places.tree(part, own))
        return cast(Read[Value], self._parts[part, own])


def _model(tree: Tree) -> Read[tuple[str, dict[str, object]]]:
    """The name and arguments of a model; empty where the file gives no name."""
    plain = tree.plain()
    if isinstance(plain, dict) and isinstance(plain.get("name"), str):
        return (plain.pop("name"), plain), []
    return ("", {}), [Problem("model: give a name, or a mapping with a name", tree.location)]
