"""A study and its parts: factors with levels, and arms with what each of them computes."""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from study.imports import Source
from study.marks import Mark, Problem, Tree, merged
from study.schema import Data, Protocol, Recipe, Status, Timing, validated
from study.shipped import contradictions, recipe_of

PARTS = ("model", "data", "recipe")
AGAIN = 1_000_000  # from a seed of the baseline to that of the A/A trial beside it
APART = ("name", "epochs", "batch_size", "grad_accum_steps")  # no part of what a thing is called


@dataclass(frozen=True)
class Config:
    """What one arm computes, before the model's own defaults are known."""

    model: str
    arguments: Mapping[str, Any]
    data: Data
    recipe: Recipe
    root: str | None = None
    """Where the images lie, as the file says it: `$IMAGENET` rather than a folder here."""
    sources: tuple[Source, ...] = ()
    """Modules of the user's own that may add what `model` or `arguments` name."""
    unresolved: frozenset[str] = frozenset()
    """The parts, of model, data and recipe, that the file does not say rightly; others stand in."""


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
class Printed:
    """A number that somebody published, in the units of the table."""

    value: float
    digits: int
    """Decimals that it was printed with."""
    status: Status
    source: str | None
    protocol: Protocol
    spread: float = 0.0
    """Over runs, as it was printed beside the value; 0 where none was."""


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
    settings: tuple[str, ...]
    question: str
    source: str | None
    baseline: Mapping[str, Tree]
    factors: tuple[Factor, ...]
    designs: tuple[str, ...]
    seeds: tuple[int, ...]
    columns: tuple[str, ...]
    timing: Timing
    """Images in one timed call."""
    expects: Mapping[str, Mapping[str, str]]
    published: Mapping[str, Mapping[str, Printed]]
    """By label of the row and name of the metric."""
    margins: Mapping[str, float]
    claims: tuple[str, ...]
    root: Tree
    sources: tuple[Source, ...] = ()
    imports: tuple[str, ...] = ()
    """Those of the sources that the command line names, in its words."""
    aa: bool = False
    contrasts: tuple[tuple[str, str], ...] = ()
    """Pairs of labels that will be tested against each other."""

    @property
    def title(self) -> str:
        """A name for its reports: a profile and what the command line changed are told apart."""
        return title(self.name, self.profile, self.settings)

    @property
    def identity(self) -> tuple[str, str]:
        """What tells it apart from others of one store: its title, and the file that has it."""
        return self.title, str(self.path.resolve())

    @property
    def text(self) -> str:
        """Its file, as it was read."""
        return self.root.mark.text

    @property
    def again(self) -> tuple[int, ...]:
        """The seeds of the A/A arm, each beside one of the baseline's.

        Not the same seeds, under which the baseline would be itself to the last bit; and always
        these, so that studies of one baseline share its A/A trials.
        """
        return tuple((seed + AGAIN) % 2**32 for seed in self.seeds) if self.aa else ()

    def arm(self, choices: Sequence[int]) -> Arm:
        return Arm(tuple(choices), self.read(choices)[0])

    @property
    def words(self) -> list[str]:
        """The arguments of a command that ask for the same study again."""
        profile = ["--profile", self.profile] if self.profile is not None else []
        words = [str(self.path), *profile, *(w for s in self.settings for w in ("--set", s))]
        return words + [w for source in self.imports for w in ("--import", source)]

    def label(self, choices: Sequence[int], within: int | None = None) -> str:
        """What the row is called; a baseline goes by its level of the factor `within`, or of the
        only one."""
        departs = [factor for factor, level in enumerate(choices) if level]
        if not departs:
            within = 0 if len(self.factors) == 1 else within
            return self.factors[within].levels[0].label if within is not None else "baseline"
        return " + ".join(self.factors[f].levels[choices[f]].label for f in departs)

    def labels(self, choices: Sequence[int]) -> list[str]:
        """All that an arm is called: a baseline goes by its level of each factor, too."""
        if any(choices):
            return [self.label(choices)]
        return ["baseline", *(factor.levels[0].label for factor in self.factors)]

    def trees(self, choices: Sequence[int]) -> dict[str, Tree]:
        trees = dict(self.baseline)
        chosen = zip(self.factors, choices, strict=True)
        for factor, level in sorted(chosen, key=lambda pair: "." in pair[0].path):  # wholes first
            part, _, key = factor.path.partition(".")
            value = factor.levels[level].value
            if key:
                keys = {key: value.mark}
                value = Tree({key: value}, value.mark, keys)
            trees[part] = merged(trees[part], value)
        return trees

    def mark(
        self,
        choices: Sequence[int],
        argument: str | None = None,
        parts: Collection[str] = ("model",),
    ) -> Mark:
        """Where the file says what makes this arm's model (or one `argument` of it) what it is; or
        the last of several `parts`."""
        for index in reversed([f for f, level in enumerate(choices) if level]):
            factor = self.factors[index]
            part, _, key = factor.path.partition(".")
            level = factor.levels[choices[index]]
            keys = level.value.keys if not key else {key: level.value.mark}
            if part in parts and (argument is None or argument in keys):
                return keys.get(argument or "", level.value.mark)
        model = self.trees(choices)["model"]
        return model.keys.get(argument or "name", model.mark)

    def place(self, choices: Sequence[int]) -> Mark:
        """Where the file says what makes this arm another than the baseline."""
        departs = [factor for factor, level in enumerate(choices) if level]
        if not departs:
            return self.baseline["model"].mark
        return self.factors[departs[-1]].levels[choices[departs[-1]]].value.mark

    def images(self, choices: Sequence[int] = ()) -> str:
        """What an arm's data is called, with how much of it is used where that is not all."""
        data = self.read(choices or (0,) * len(self.factors))[0].data
        limits = ((data.train_limit, "to train on"), (data.val_limit, "to evaluate"))
        used = [f"{limit} {what}" for limit, what in limits if limit is not None]
        return ", ".join([data.title or data.name, *used])

    def called(self, part: str, choices: Sequence[int] = ()) -> str:
        """An arm's model or recipe by its name and what the baseline changes in it.

        Without what factors vary, and without a recipe's length and batch, which are told apart.
        """
        varied = {factor.path for factor in self.factors} | {f"{part}.{key}" for key in APART}
        base = self.baseline[part].plain()
        name = self.trees(choices)[part].plain()["name"] if choices else base["name"]
        changed = base.items() if name == base["name"] else ()
        said = ", ".join(f"{k} {v}" for k, v in changed if f"{part}.{k}" not in varied)
        return f"{name} with {said}" if said else str(name)

    def read(self, choices: Sequence[int]) -> tuple[Config, list[Problem]]:
        """What an arm computes, and what is wrong with how the file says it."""
        trees = self.trees(choices)
        data, wrong = validated(Data, trees["data"])
        recipe, recipe_wrong = recipe_of(trees["recipe"])
        wrong += contradictions(data, recipe, trees["data"])
        arguments = trees["model"].plain()
        named = isinstance(arguments, dict) and isinstance(arguments.get("name"), str)
        mark = trees["model"].mark
        model_wrong = [] if named else [Problem("model: a name, or a mapping with one", mark)]
        problems = {"model": model_wrong, "data": wrong, "recipe": recipe_wrong}
        name = arguments.pop("name") if named else ""
        root = trees["data"].at(["root"])
        return Config(
            model=name,
            arguments=arguments if named else {},
            data=data or Data(name="digits"),
            recipe=recipe or Recipe(),
            root=root.variable or (data.root if data else None),
            sources=self.sources,
            unresolved=frozenset(part for part, of in problems.items() if of),
        ), [problem for of in problems.values() for problem in of]


def title(name: str, profile: str | None, settings: Sequence[str]) -> str:
    """The title of a study, which is known without its file."""
    changed = hashlib.sha256(repr(tuple(settings)).encode()).hexdigest()[:4]
    marks = [name, profile, changed if settings else None]
    return "-".join(mark for mark in marks if mark)


def file_name(text: str) -> str:
    """What a study file says, as the name of a file: at most 100 characters and 200 bytes."""
    name = re.sub(r"[^\w.-]", "_", text).strip(".")[:100]
    return name.encode()[:200].decode(errors="ignore") or "unnamed"
