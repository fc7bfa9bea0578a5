"""The configurations of a study's arms, each part validated once per choice of its own factors.

A thousand arms that vary the model share one recipe and one data set: these are read once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from study.spec.places import PARTS, Places
from study.spec.plugins import Plugin
from study.spec.problems import Problem
from study.spec.recipes import contradictions, recipe_of
from study.spec.schema import Data, Recipe, validated
from study.spec.study import Arm, Config
from study.spec.yaml import Tree

Choices = tuple[int, ...]


@dataclass(frozen=True)
class Model:
    """A model as the file names it; without a name where the file gives none."""

    name: str = ""
    arguments: dict[str, object] = field(default_factory=dict)


Part = Model | Data | Recipe | None


@dataclass(frozen=True)
class Configurations:
    """The configuration of any combination of levels, and the problems of its keys."""

    places: Places
    plugins: tuple[Plugin, ...] = ()
    _parts: dict[tuple[str, Choices], tuple[Part, list[Problem]]] = field(default_factory=dict)
    """Values and problems that were computed, by part and levels of the factors of the part."""

    def arm(self, choices: Sequence[int]) -> Arm:
        """The arm with these levels; a wrong part has a default, so that others can be checked."""
        values = {part: self._part(part, choices) for part in PARTS}
        (model, _), (data, _), (recipe, _) = values.values()
        tree = self.places.tree("data", choices).at(["root"])
        name = self.places.tree("recipe", choices).at(["name"]).value
        assert isinstance(model, Model)
        config = Config(
            model=model.name,
            arguments=model.arguments,
            data=data if isinstance(data, Data) else Data(name="digits"),
            recipe=recipe if isinstance(recipe, Recipe) else Recipe(),
            recipe_name=name if isinstance(name, str) else "",
            # The variable, so that trials have the same name wherever the images are.
            root=tree.variable or (data.root if isinstance(data, Data) else None),
            plugins=self.plugins,
            unresolved=frozenset(
                part for part in PARTS if values[part][1] or self._clashes(part, choices)
            ),
        )
        return Arm(tuple(choices), config)

    def problems(self, choices: Sequence[int]) -> list[Problem]:
        """The problems of the keys that define an arm."""
        return [
            problem
            for part in PARTS
            for problem in [*self._part(part, choices)[1], *self._clashes(part, choices)]
        ]

    def _part(self, part: str, choices: Sequence[int]) -> tuple[Part, list[Problem]]:
        # Levels of other parts' factors change nothing here.
        own = [
            n if f.part == part else 0 for f, n in zip(self.places.factors, choices, strict=True)
        ]
        key = part, tuple(own)
        if key not in self._parts:
            self._parts[key] = READERS[part](self.places.tree(part, own))
        return self._parts[key]

    def _clashes(self, part: str, choices: Sequence[int]) -> list[Problem]:
        """Problems of the data beside the recipe."""
        if part != "data":
            return []
        data, recipe = self._part("data", choices)[0], self._part("recipe", choices)[0]
        return contradictions(
            data if isinstance(data, Data) else None,
            recipe if isinstance(recipe, Recipe) else None,
            self.places.tree("data", choices),
        )


def _model(tree: Tree) -> tuple[Model, list[Problem]]:
    plain = tree.plain()
    if isinstance(plain, dict) and isinstance(plain.get("name"), str):
        return Model(plain.pop("name"), plain), []
    return Model(), [Problem("model: give a name, or a mapping with a name", tree.location)]


def _data(tree: Tree) -> tuple[Data | None, list[Problem]]:
    return validated(Data, tree)


READERS = {"model": _model, "data": _data, "recipe": recipe_of}
"""Part -> the function that reads its tree."""
