"""The positions in a study file, for messages: beside the `Study` that was read from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from study.spec.problems import Location
from study.spec.study import Factor, Level
from study.spec.tuning import Values
from study.spec.yaml import Tree, inserted, merged, placed

NONE: Values = {}


@dataclass(frozen=True)
class FactorTree:
    """A factor as the file has it: its path, and the value of each level by label."""

    path: str
    labelled: Mapping[str, Tree]

    @property
    def factor(self) -> Factor:
        """The factor without positions."""
        levels = (Level(label, tree.plain()) for label, tree in self.labelled.items())
        return Factor(self.path, tuple(levels))

    @cached_property
    def levels(self) -> tuple[Tree, ...]:
        return tuple(self.labelled.values())

    @property
    def part(self) -> str:
        return self.path.partition(".")[0]

    def overriding(self, level: int) -> Tree:
        """A level as a mapping of the keys of its part: `model.stem` gives {stem: value}."""
        value = self.levels[level]
        return inserted(Tree({}, value.location), keys_of(self.path), value)


@dataclass(frozen=True)
class Places:
    """A study file with the position of every key and value."""

    document: Tree
    baseline: Mapping[str, Tree]
    """The parts of the baseline."""
    factors: tuple[FactorTree, ...]

    def key(self, *path: str | int) -> Location:
        """The position of the last key of `path`."""
        return self.document.key(path)

    def value(self, *path: str | int) -> Location:
        """The position of the value at `path`, or of the deepest one on it."""
        return self.document.at(path).location

    def tree(self, part: str, choices: Sequence[int], values: Values = NONE) -> Tree:
        """A part of an arm, with positions; with `values` in place of the file's."""
        tree = self.baseline[part]
        both = zip(self.factors, choices, strict=True)
        changes = [(f.path, f.levels[level]) for f, level in both if f.part == part]
        changes += [
            (path, self._proposed(path, value))
            for path, value in values.items()
            if path.partition(".")[0] == part
        ]
        # From the outside in: `recipe` would overwrite the value of `recipe.lr`.
        for path, change in sorted(changes, key=lambda change: change[0].count(".")):
            keys = keys_of(path)
            tree = inserted(tree, keys, change) if keys else merged(tree, change)
        return tree

    def _proposed(self, path: str, value: object) -> Tree:
        """A value of a proposal at the place of its space."""
        owner = "search" if "search" in self.document.keys else "tune"
        spaces = self.document.at([owner, "space"])
        # What holds images out is in no space: its place is that of the share.
        inside = ["space", path] if path in spaces.keys else ["holdout"]
        return placed(value, self.document.at([owner, *inside]).location)

    def deciding(
        self,
        choices: Sequence[int],
        argument: str | None = None,
        parts: Sequence[str] = (),
        key: str | None = None,
    ) -> Location:
        """The position that decides an arm's first part, or one `argument` of it.

        With a `key`, that of the key inside the argument, if it is there. With several `parts`, the
        last position that decides one of them.
        """
        first = next(iter(self.baseline))
        for index in reversed([f for f, level in enumerate(choices) if level]):
            factor = self.factors[index]
            tree = factor.overriding(choices[index])
            if factor.part in (parts or (first,)) and (argument is None or argument in tree.keys):
                return _place(tree, argument or "", key)
        return _place(self.tree(first, choices), argument or "name", key)

    def last_level(self, choices: Sequence[int]) -> Location:
        """The position of the last level by which an arm differs from the baseline."""
        changed = [index for index, level in enumerate(choices) if level]
        if not changed:
            return next(iter(self.baseline.values())).location
        return self.factors[changed[-1]].levels[choices[changed[-1]]].location

    def of_part(self, part: str, choices: Sequence[int], key: str) -> Location:
        """The position of a key of a part of an arm."""
        return self.tree(part, choices).at([key]).location


def keys_of(path: str) -> list[str]:
    """The keys of a path inside its part: `model.backbone.stem` gives backbone, stem."""
    return path.split(".")[1:]


def _place(tree: Tree, argument: str, key: str | None) -> Location:
    """The position of an argument, or of a key inside it; else that of the whole tree."""
    inside = tree.at([argument]).keys if argument in tree.keys else {}
    return inside.get(key or "") or tree.keys.get(argument, tree.location)
