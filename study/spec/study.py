"""A study and its parts: factors with levels, and arms with what each of them computes."""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from study.spec.plugins import Plugin
from study.spec.problems import Location, Problem
from study.spec.recipes import contradictions, recipe_of
from study.spec.schema import Data, Protocol, Recipe, Status, Timing, validated
from study.spec.yaml import Tree, merged

PARTS = ("model", "data", "recipe")
AA_SEED_OFFSET = 1_000_000  # added to a seed of the baseline for its A/A trial
UNLABELLED = ("name", "epochs", "batch_size", "grad_accum_steps")  # keys that a label leaves out


@dataclass(frozen=True)
class Config:
    """The configuration of one arm, before the model's own defaults are filled in."""

    model: str
    arguments: Mapping[str, object]
    data: Data
    recipe: Recipe
    root: str | None = None
    """The folder of the images as the file has it: `$IMAGENET`, not the folder on this machine."""
    plugins: tuple[Plugin, ...] = ()
    """The user's plugins, which may define the model or parts that the arguments name."""
    unresolved: frozenset[str] = frozenset()
    """The parts (model, data, recipe) that are wrong in the file and have defaults here."""


@dataclass(frozen=True)
class Level:
    """One value of a factor, with the label that is printed for it."""

    label: str
    value: Tree


@dataclass(frozen=True)
class Factor:
    """One thing that the study varies; its first level is the baseline's."""

    path: str
    levels: tuple[Level, ...]


@dataclass(frozen=True)
class PublishedNumber:
    """A published number, in the units of the table."""

    value: float
    digits: int
    """The number of decimals in print, by which a measurement is rounded for comparison."""
    status: Status
    source: str | None
    protocol: Protocol
    spread: float = 0.0
    """The spread over runs that was printed beside the value; 0 if there was none."""


@dataclass(frozen=True)
class Arm:
    """One row of the table: a level for each factor, and the configuration that results."""

    choices: tuple[int, ...]
    """The index of the level for each factor; the baseline has 0 everywhere."""
    config: Config

    @property
    def changed_factors(self) -> tuple[int, ...]:
        """Indices of the factors that are not at their first level."""
        return tuple(factor for factor, level in enumerate(self.choices) if level)


@dataclass(frozen=True)
class Study:
    """One question asked of one baseline: everything that a study file says, checked."""

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
    expects: Mapping[str, Mapping[str, str]]
    published: Mapping[str, Mapping[str, PublishedNumber]]
    """By label of the row and name of the metric."""
    margins: Mapping[str, float]
    """The largest difference that counts as equal, by name of the metric."""
    claims: tuple[str, ...]
    root: Tree
    """The file with the position of every key, for messages."""
    plugins: tuple[Plugin, ...] = ()
    imports: tuple[str, ...] = ()
    """The plugins that the command line names, as it names them."""
    aa: bool = False
    contrasts: tuple[tuple[str, str], ...] = ()
    """Pairs of labels whose arms are compared by a test declared in advance."""

    @property
    def title(self) -> str:
        """The name of the study's reports, which differs by profile and by settings."""
        return title(self.name, self.profile, self.settings)

    @property
    def identity(self) -> tuple[str, str]:
        """The title and the path, which identify the study among those of one store."""
        return self.title, str(self.path.resolve())

    @property
    def text(self) -> str:
        """The text of the study file when it was read."""
        return self.root.location.text

    @property
    def aa_seeds(self) -> tuple[int, ...]:
        """The seeds of the A/A arm, one for each seed of the baseline.

        They differ from the baseline's, since the same seed gives the same result bit for bit. They
        do not depend on the study, so that studies of one baseline share its A/A trials.
        """
        return tuple((seed + AA_SEED_OFFSET) % 2**32 for seed in self.seeds) if self.aa else ()

    def arm(self, choices: Sequence[int]) -> Arm:
        """The arm with these levels; `reader.study_file` reports mistakes in its keys."""
        return Arm(tuple(choices), self.configuration(choices)[0])

    @property
    def command_arguments(self) -> list[str]:
        """The arguments of a command line that names this study, with profile and settings."""
        profile = ["--profile", self.profile] if self.profile is not None else []
        words = [str(self.path), *profile, *(w for s in self.settings for w in ("--set", s))]
        return words + [w for source in self.imports for w in ("--import", source)]

    def label(self, choices: Sequence[int], within: int | None = None) -> str:
        """The label of a row: its levels that differ from the baseline's.

        The baseline is labelled by its level of the factor `within`, or of the only factor.
        """
        departs = [factor for factor, level in enumerate(choices) if level]
        if not departs:
            within = 0 if len(self.factors) == 1 else within
            return self.factors[within].levels[0].label if within is not None else "baseline"
        return " + ".join(self.factors[f].levels[choices[f]].label for f in departs)

    def labels(self, choices: Sequence[int]) -> list[str]:
        """All labels of an arm; the baseline may be named by its level of any factor."""
        if any(choices):
            return [self.label(choices)]
        return ["baseline", *(factor.levels[0].label for factor in self.factors)]

    def trees(self, choices: Sequence[int]) -> dict[str, Tree]:
        """The model, data and recipe of an arm, as YAML with positions."""
        trees = dict(self.baseline)
        chosen = zip(self.factors, choices, strict=True)
        # Factors of a whole part first: `recipe` would overwrite the value of `recipe.lr`.
        for factor, level in sorted(chosen, key=lambda pair: "." in pair[0].path):
            part, _, key = factor.path.partition(".")
            value = factor.levels[level].value
            if key:
                keys = {key: value.location}
                value = Tree({key: value}, value.location, keys)
            trees[part] = merged(trees[part], value)
        return trees

    def mark(
        self,
        choices: Sequence[int],
        argument: str | None = None,
        parts: Collection[str] = ("model",),
    ) -> Location:
        """The position in the file that decides an arm's model, or one `argument` of it.

        With several `parts`, the last position that decides one of them.
        """
        for index in reversed([f for f, level in enumerate(choices) if level]):
            factor = self.factors[index]
            part, _, key = factor.path.partition(".")
            level = factor.levels[choices[index]]
            keys = level.value.keys if not key else {key: level.value.location}
            if part in parts and (argument is None or argument in keys):
                return keys.get(argument or "", level.value.location)
        model = self.trees(choices)["model"]
        return model.keys.get(argument or "name", model.location)

    def place(self, choices: Sequence[int]) -> Location:
        """The position in the file of the last level by which an arm differs from the baseline."""
        departs = [factor for factor, level in enumerate(choices) if level]
        if not departs:
            return self.baseline["model"].location
        return self.factors[departs[-1]].levels[choices[departs[-1]]].value.location

    def data_label(self, choices: Sequence[int] = ()) -> str:
        """The name of an arm's data, with the number of images if it is limited."""
        data = self.configuration(choices or (0,) * len(self.factors))[0].data
        limits = ((data.train_limit, "to train on"), (data.val_limit, "to evaluate"))
        used = [f"{limit} {what}" for limit, what in limits if limit is not None]
        return ", ".join([data.title or data.name, *used])

    def part_label(self, part: str, choices: Sequence[int] = ()) -> str:
        """The name of an arm's model or recipe, with the arguments that the baseline changes.

        Arguments that factors vary are left out, and so are a recipe's length and batch size,
        which are printed elsewhere.
        """
        varied = {factor.path for factor in self.factors} | {f"{part}.{key}" for key in UNLABELLED}
        base = self.baseline[part].plain()
        name = self.trees(choices)[part].plain()["name"] if choices else base["name"]
        changed = base.items() if name == base["name"] else ()
        changes = ", ".join(f"{k} {v}" for k, v in changed if f"{part}.{k}" not in varied)
        return f"{name} with {changes}" if changes else str(name)

    def configuration(self, choices: Sequence[int]) -> tuple[Config, list[Problem]]:
        """The configuration of an arm, and the problems of the keys that define it."""
        trees = self.trees(choices)
        data, wrong = validated(Data, trees["data"])
        recipe, recipe_wrong = recipe_of(trees["recipe"])
        wrong += contradictions(data, recipe, trees["data"])
        arguments = trees["model"].plain()
        named = isinstance(arguments, dict) and isinstance(arguments.get("name"), str)
        mark = trees["model"].location
        model_wrong = (
            [] if named else [Problem("model: give a name, or a mapping with a name", mark)]
        )
        problems = {"model": model_wrong, "data": wrong, "recipe": recipe_wrong}
        name = arguments.pop("name") if named else ""
        root = trees["data"].at(["root"])
        return Config(
            model=name,
            arguments=arguments if named else {},
            # A wrong part has a default, so that the other parts of the arm can be checked.
            data=data or Data(name="digits"),
            recipe=recipe or Recipe(),
            # The variable, so that trials have the same name wherever the images are.
            root=root.variable or (data.root if data else None),
            plugins=self.plugins,
            unresolved=frozenset(part for part, of in problems.items() if of),
        ), [problem for of in problems.values() for problem in of]


def title(name: str, profile: str | None, settings: Sequence[str]) -> str:
    """The title of a study, which a command can compute without reading the file."""
    # Settings may hold characters that no file name can have, so a digest stands for them.
    changed = hashlib.sha256(repr(tuple(settings)).encode()).hexdigest()[:4]
    words = [name, profile, changed if settings else None]
    return "-".join(word for word in words if word)


def file_name(text: str) -> str:
    """A text of the study file as the name of a file: at most 100 characters and 200 bytes."""
    # File systems allow 255 bytes; endings and the suffixes of temporary files need some of them.
    name = re.sub(r"[^\w.-]", "_", text).strip(".")[:100]
    return name.encode()[:200].decode(errors="ignore") or "unnamed"
