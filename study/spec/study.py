"""A study and its parts: factors with levels, and arms with what each of them computes."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from study.spec.metric import Catalogue
from study.spec.plugins import Plugin
from study.spec.schema import Match, Measured, Protocol, SequentialSeeds, Status, Timing
from study.spec.searching import SearchRules
from study.spec.task import ArmConfig
from study.spec.tuning import TuningRules, Values

Choices = tuple[int, ...]
"""The level that an arm chooses for each factor, by its number."""
Designs = Mapping[str, Mapping[str, object]]
"""The options of designs by name, defaults filled in."""

AA_SEED_OFFSET = 1_000_000  # added to a seed of the baseline for its A/A trial
# In brackets: a comma would end the label in a list of a study file.
MATCHED = "(matched)"
BASELINE = "baseline"
"""The label of the baseline where no level of a factor names it."""

TERMS = {
    "aa": "augmentation policy",
    "args": "arguments",
    "attn": "attention",
    "img": "image",
    "lr": "learning rate",
    "norm": "normalisation",
    "opt": "optimizer",
    "qkv": "QKV",
    "reprob": "random erasing",
    "sched": "schedule",
    "wd": "weight decay",
}
"""Usual abbreviations in the keys of models and recipes, spelled out for print."""


@dataclass(frozen=True)
class Level:
    """One value of a factor, with the label that is printed for it."""

    label: str
    value: object
    """The value as plain data: a scalar, a list or a mapping."""


@dataclass(frozen=True)
class Factor:
    """One thing that the study varies; its first level is the baseline's."""

    path: str
    levels: tuple[Level, ...]
    given_title: str = ""

    @property
    def title(self) -> str:
        """The words that are printed for the factor in place of its path."""
        return self.given_title or spelled(self.path)


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
class Refit:
    """The width at which an arm costs what the baseline costs."""

    path: str = ""
    """The argument that was scaled, such as `model.dims`."""
    value: object = None
    factor: float = 1.0
    """The sum of the widths over that of the arm as it is."""

    def __str__(self) -> str:
        return f"{self.path}={self.value}"


@dataclass(frozen=True)
class Arm:
    """One row of the table: a level for each factor, and the configuration that results."""

    choices: Choices
    """The baseline has 0 everywhere."""
    config: ArmConfig
    values: Values = field(default_factory=dict)
    """Values in place of the file's: those of a proposal, or that tuning has chosen."""
    refit: Refit | None = None
    """Not None for a twin: an arm of the same levels with another width."""

    @property
    def is_twin(self) -> bool:
        return self.refit is not None

    @property
    def changed_factors(self) -> tuple[int, ...]:
        """Indices of the factors that are not at their first level."""
        return tuple(factor for factor, level in enumerate(self.choices) if level)

    def without(self, factor: int) -> Choices:
        """The levels of the arm with one factor back at its first level."""
        return tuple(0 if f == factor else level for f, level in enumerate(self.choices))


@dataclass(frozen=True)
class Study:
    """One question asked of one baseline: everything that a study file says, typed and checked."""

    name: str
    path: Path
    profile: str | None
    settings: tuple[str, ...]
    question: str
    source: str | None
    baseline: Mapping[str, Mapping[str, object]]
    """The keys of each part of the baseline as the file has them."""
    factors: tuple[Factor, ...]
    seeds: tuple[int, ...]
    """The seeds of every arm; with `sequential` those that an arm may have."""
    columns: tuple[str, ...]
    timing: Timing
    expects: Mapping[str, Mapping[str, str]]
    published: Mapping[str, Mapping[str, PublishedNumber]]
    """By label of the row and name of the metric."""
    margins: Mapping[str, float]
    """The largest difference that counts as equal, by name of the metric."""
    claims: tuple[str, ...]
    arms: tuple[Arm, ...] = ()
    """The arms of all designs, each once, the baseline first."""
    baseline_title: str = BASELINE
    layout: Literal["study", "paper"] = "study"
    """How the main table is laid out."""
    text: str = ""
    """The text of the study file when it was read."""
    is_file: bool = True
    """False for a study of Python values, whose path is only a name."""
    plugins: tuple[Plugin, ...] = ()
    imports: tuple[str, ...] = ()
    """The plugins that the command line names, as it names them."""
    sequential: SequentialSeeds | None = None
    """How many seeds arms have where results decide it."""
    aa: bool = False
    task: str = "classification"
    """The name of the task, which says what a trial is."""
    catalogue: Catalogue = field(default_factory=Catalogue)
    """The metrics that the study may use, by name."""
    contrasts: tuple[tuple[str, str], ...] = ()
    """Pairs of labels whose arms are compared by a test declared in advance."""
    designs: Designs = field(default_factory=dict)
    """The designs in the order of the file."""
    match: Match | None = None
    """The cost to which every arm has a twin refitted."""

    measured: Measured | None = None
    """The file that has the results of the trials, which are not run then."""
    tune: TuningRules | None = None
    search: SearchRules | None = None

    @property
    def grows(self) -> bool:
        """True if results may call for more trials than the study has without any."""
        return any(how is not None for how in (self.sequential, self.tune, self.search))

    @property
    def title(self) -> str:
        """The name of the study's reports, which differs by profile and by settings."""
        return title(self.name, self.profile, self.settings)

    @property
    def identity(self) -> tuple[str, str]:
        """The title and the path, which identify the study among those of one store."""
        return self.title, str(self.path.resolve())

    @property
    def used_names(self) -> set[str]:
        """The words in which the study may name a metric: those of its columns and its tests."""
        published = (name for numbers in self.published.values() for name in numbers)
        texts = (*self.columns, *self.margins, *published, *self.claims)
        return {word for text in texts for word in re.findall(r"\w+", text)}

    @property
    def aa_seeds(self) -> tuple[int, ...]:
        """The seeds of the A/A arm, one for each seed of the baseline.

        They differ from the baseline's, since the same seed gives the same result bit for bit. They
        do not depend on the study, so that studies of one baseline share its A/A trials.
        """
        return tuple((seed + AA_SEED_OFFSET) % 2**32 for seed in self.seeds) if self.aa else ()

    @property
    def command_arguments(self) -> list[str]:
        """The arguments of a command line that names this study, with profile and settings."""
        profile = ["--profile", self.profile] if self.profile is not None else []
        words = [str(self.path), *profile, *(w for s in self.settings for w in ("--set", s))]
        return words + [w for source in self.imports for w in ("--import", source)]

    @property
    def baseline_name(self) -> str:
        """The title that the file gives the baseline, or "" if it gives none."""
        return "" if self.baseline_title == BASELINE else self.baseline_title

    def label(self, choices: Sequence[int], within: int | None = None) -> str:
        """The label of a row: its levels that differ from the baseline's.

        The baseline is labelled by its level of the factor `within`, or of the only factor.
        """
        departs = [factor for factor, level in enumerate(choices) if level]
        if not departs:
            within = 0 if len(self.factors) == 1 else within
            own = self.baseline_title
            return self.factors[within].levels[0].label if within is not None else own
        return " + ".join(self.factors[f].levels[choices[f]].label for f in departs)

    def labels(self, choices: Sequence[int]) -> list[str]:
        """All labels of an arm; the baseline may be named by its level of any factor."""
        if any(choices):
            return [self.label(choices)]
        first = (factor.levels[0].label for factor in self.factors)
        return [*dict.fromkeys([BASELINE, self.baseline_title]), *first]

    def arm_label(self, arm: Arm) -> str:
        """The label of an arm; that of a twin says so."""
        return f"{self.label(arm.choices)} {MATCHED}" if arm.is_twin else self.label(arm.choices)

    def arm_labels(self, arm: Arm) -> list[str]:
        """All labels of an arm, of which a twin has one."""
        return [self.arm_label(arm)] if arm.is_twin else self.labels(arm.choices)


def spelled(path: str) -> str:
    """The last key of a path in words: `recipe.weight_decay` gives "Weight decay"."""
    words = [TERMS.get(word, word) for word in path.rpartition(".")[2].split("_")]
    text = " ".join(words).strip() or path
    return text[0].upper() + text[1:]


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
