"""The configuration of an arm that trains a detector."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from study.spec.plugins import Plugin
from study.spec.study import Arm, Study
from study.tasks.detection.schema import CocoData, DetectionRecipe, DetectorKeys

UNLABELLED = ("name", "batch_size", "iterations")  # keys of a recipe that a label leaves out


@dataclass(frozen=True)
class BackboneStart:
    """The weights that a backbone starts from; random ones without any."""

    file: str = ""
    key: str | None = None
    """One of several sets of tensors in the file."""
    trial: str = ""
    """The finished trial of a classifier whose weights these are."""
    study: str = ""
    arm: str = ""
    """The arm of a study, whose trial is looked up in the store."""
    seed: int | None = None

    @property
    def label(self) -> str:
        """The source in a caption; "" for random weights."""
        if self.study:
            return f"{self.study}: {self.arm}"
        return self.file or (f"trial:{self.trial}" if self.trial else "")


@dataclass(frozen=True)
class LocatedStart:
    """Weights at their place on this machine."""

    path: Path
    key: str | None = None
    trial: str = ""


@dataclass(frozen=True)
class DetectionConfig:
    """The configuration of one arm, before the backbone's own defaults are filled in."""

    model: DetectorKeys
    data: CocoData
    recipe: DetectionRecipe
    recipe_name: str = ""
    """The recipe that `recipe` departs from; "" for Detectron2's defaults."""
    start: BackboneStart = BackboneStart()
    located: LocatedStart | None = None
    """The same on this machine, once the plan has looked it up."""
    root: str | None = None
    """The folder of the images as the file has it: `$COCO`, not the folder on this machine."""
    plugins: tuple[Plugin, ...] = ()
    unresolved: frozenset[str] = frozenset()
    """The parts that are wrong in the file: defaults stand here."""


def config_of(arm: Arm) -> DetectionConfig:
    """The configuration of an arm of this task."""
    return cast(DetectionConfig, arm.config)


def changes(study: Study, part: str) -> str:
    """The changes of the baseline in a part, without its name and what factors vary."""
    # These are printed elsewhere, or differ from arm to arm.
    varied = {factor.path for factor in study.factors} | {f"{part}.{key}" for key in UNLABELLED}
    return ", ".join(_changes(part, study.baseline.get(part, {}), varied))


def _changes(path: str, values: Mapping[str, object], left_out: set[str]) -> Iterator[str]:
    for key, value in values.items():
        inner = f"{path}.{key}"
        if inner in left_out or key == "name":
            continue
        if isinstance(value, Mapping):
            yield f"{key} {titled(value, ', '.join(_changes(inner, value, left_out)))}"
        else:
            yield f"{key} {value}"


def titled(named: Mapping[str, object], arguments: str) -> str:
    """A name with its arguments in words."""
    name = str(named.get("name", ""))
    return f"{name} with {arguments}" if arguments else name
