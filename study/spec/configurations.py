"""The configurations of a study's arms, each part validated once per choice of its own factors.

A thousand arms that vary the model share one recipe and one data set: these are read once.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from study.spec.places import NONE, Places
from study.spec.plugins import Plugin
from study.spec.problems import Problem
from study.spec.study import Arm, Choices
from study.spec.task import ReadParts, TaskSchema
from study.spec.tuning import Values
from study.spec.yaml import Tree

Read = tuple[object, list[Problem], Tree]
"""A part of a configuration, the problems of its keys, and their positions."""


@dataclass(frozen=True)
class Configurations:
    """The configuration of any combination of levels, and the problems of its keys."""

    task: TaskSchema
    places: Places
    plugins: tuple[Plugin, ...] = ()
    _parts: dict[tuple[str, Choices, str], Read] = field(default_factory=dict)
    """Parts that were read, by name, levels of the factors of the part, and other values."""
    _known: dict[object, object] = field(default_factory=dict)

    def arm(self, choices: Sequence[int], values: Values = NONE) -> Arm:
        """The arm with these levels, and with `values` in place of the file's.

        A wrong part has a default, so that others can be checked.
        """
        parts, _ = self._read(choices, values)
        return Arm(tuple(choices), self.task.config(parts), values)

    def problems(self, choices: Sequence[int], values: Values = NONE) -> list[Problem]:
        """The problems of the keys that define an arm."""
        _, problems = self._read(choices, values)
        return [problem for of_part in problems.values() for problem in of_part]

    def _read(
        self, choices: Sequence[int], values: Values
    ) -> tuple[ReadParts, dict[str, list[Problem]]]:
        rows = {part: self._once(part, choices, values) for part in self.task.parts}
        values = {part: value for part, (value, _, _) in rows.items()}
        trees = {part: tree for part, (_, _, tree) in rows.items()}
        # What is wrong between parts, such as a recipe that the data cannot feed.
        clashes = self.task.clashes(
            ReadParts(values, trees, self.plugins, frozenset(), self._known)
        )
        problems = {part: [*row[1], *clashes.get(part, ())] for part, row in rows.items()}
        wrong = frozenset(part for part in rows if problems[part])
        return ReadParts(values, trees, self.plugins, wrong, self._known), problems

    def _once(self, part: str, choices: Sequence[int], values: Values) -> Read:
        # Levels of other parts' factors change nothing here.
        both = zip(self.places.factors, choices, strict=True)
        own = tuple(level if factor.part == part else 0 for factor, level in both)
        changed = {path: v for path, v in values.items() if path.partition(".")[0] == part}
        key = part, own, json.dumps(changed, sort_keys=True, default=str)
        if key not in self._parts:
            tree = self.places.tree(part, own, changed)
            self._parts[key] = *self.task.read(part, tree), tree
        return self._parts[key]
