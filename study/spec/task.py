"""The part of a task that a study file needs: the schema of its baseline, and its metrics."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar, cast

from pydantic import BaseModel

from study.spec.metric import Catalogue
from study.spec.plugins import Plugin
from study.spec.problems import Problem
from study.spec.yaml import Tree

Value = TypeVar("Value")


class ArmConfig(Protocol):
    """The configuration of one arm, of a class that its task defines."""

    @property
    def plugins(self) -> tuple[Plugin, ...]:
        """The user's plugins, which may define what the configuration names."""
        ...

    @property
    def unresolved(self) -> frozenset[str]:
        """The parts that are wrong in the file and have defaults here."""
        ...


@dataclass(frozen=True)
class ReadParts:
    """The parts of the baseline with the levels of an arm, as far as they could be read."""

    values: Mapping[str, object]
    """The value of each part, None where it is wrong."""
    trees: Mapping[str, Tree]
    """The same parts with positions."""
    plugins: tuple[Plugin, ...]
    unresolved: frozenset[str]
    known: dict[object, object] = field(default_factory=dict)
    """Values that the task has looked up for any arm of this file, such as lists of files."""

    def once(self, key: object, look_up: Callable[[], Value]) -> Value:
        """A value that is looked up once for all arms of a file."""
        if key not in self.known:
            self.known[key] = look_up()
        return cast(Value, self.known[key])


class TaskSchema(Protocol):
    """The keys of `baseline` in a study file, and the metrics that it may use."""

    @property
    def parts(self) -> tuple[str, ...]:
        """The keys of `baseline`; a factor varies one of them, or a key inside one."""
        ...

    @property
    def named(self) -> Collection[str]:
        """The parts that are a name with arguments: NAME is short for {name: NAME}."""
        ...

    @property
    def baseline(self) -> type[BaseModel]:
        """The schema of `baseline`."""
        ...

    @property
    def catalogue(self) -> Catalogue: ...

    def catalogue_of(self, parts: Mapping[str, Tree]) -> Catalogue:
        """The metrics of a study whose baseline has these parts."""
        ...

    @property
    def ends_early(self) -> bool:
        """True if a rule may stop a trial of a search early."""
        ...

    @property
    def declares_metrics(self) -> bool:
        """True if a study file may declare metrics of its own, which the trials report."""
        ...

    @property
    def reads_metrics(self) -> bool:
        """True if a metric may name what reads it, where the program of a trial leaves it."""
        ...

    def columns_of(self, baseline: ArmConfig) -> tuple[str, ...]:
        """The metrics that a study prints if its file does not say."""
        ...

    def complete(self, parts: Mapping[str, Tree]) -> bool:
        """False where too little of the baseline is there for any arm to be configured."""
        ...

    def read(self, part: str, tree: Tree) -> tuple[object, list[Problem]]:
        """A part of an arm's baseline, or None, and its problems; once per choice of levels."""
        ...

    def clashes(self, parts: ReadParts) -> Mapping[str, list[Problem]]:
        """Problems of parts that are right alone and wrong together, by part."""
        ...

    def config(self, parts: ReadParts) -> ArmConfig: ...

    def held_out(self, share: float | None) -> Mapping[str, object]:
        """Values at paths with which a trial is judged on a part of its training images."""
        ...
