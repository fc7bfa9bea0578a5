"""A benchmark without a study: its models, and the settings that they run in."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from study.metrics.execution import ExecutionMode
from study.spec.plugins import Plugin


@dataclass(frozen=True)
class BenchModel:
    """A model of timm with the arguments that it is built with."""

    name: str
    arguments: Mapping[str, object] = field(default_factory=dict)

    @property
    def said(self) -> str:
        given = ", ".join(f"{key}={value}" for key, value in self.arguments.items())
        return f"{self.name} ({given})" if given else self.name


@dataclass(frozen=True)
class Setting:
    """How all models are run in one session."""

    mode: str
    batch_size: int
    img_size: int
    way: ExecutionMode

    @property
    def said(self) -> str:
        return f"{self.mode}, batch {self.batch_size}, {self.img_size} px, {self.way.description}"


@dataclass(frozen=True)
class BenchRequest:
    """The models and settings of a benchmark, and the device."""

    models: Mapping[str, BenchModel]
    """By label; the first is the baseline."""
    settings: tuple[Setting, ...]
    device: str
    threads: int
    seconds: float
    resolution: float
    sources: tuple[Plugin, ...] = ()
