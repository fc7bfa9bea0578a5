"""The schema of `baseline`: a program, its arguments, and the files that it is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, cast

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from study.spec.plugins import Plugin
from study.spec.problems import Location, Problem
from study.spec.schema import validated
from study.spec.schema.types import Strict
from study.spec.task import ReadParts
from study.spec.yaml import Tree
from study.tasks.program import code

Scalar = str | int | float | bool


def _word(value: object) -> object:
    if value is None:
        message = "input should be a word, or [] for none, or be left out"
        raise PydanticCustomError("null", message)
    return value


Value = Annotated[Scalar | list[Scalar], BeforeValidator(_word)]
Side = Annotated[int, Field(ge=1, le=65_536)]
CALL = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$"
NOTICE = 30.0  # seconds that a program has to save its state, as Kubernetes gives it


def _unwrapped(value: object) -> object:
    """A text that was expanded to {name: text}, as levels of factors are."""
    return value.get("name") if isinstance(value, dict) and value.keys() == {"name"} else value


class ProgramBaseline(Strict):
    """The program that all arms depart from."""

    # A list, since a shell would split and expand words that nobody has seen.
    run: Annotated[list[Scalar], Field(min_length=1)] | None = Field(
        None, description="the words of a command, with {placeholders}; never a shell"
    )
    call: Annotated[str, BeforeValidator(_unwrapped), Field(pattern=CALL)] | None = Field(
        None, description="package.module:function, in place of a command"
    )
    code: list[str] = Field(
        [], description="files, folders and patterns whose content is part of a trial's name"
    )
    inputs: list[str] = Field(
        [], description="files and folders that trials read, whose content names no trial"
    )
    args: dict[str, Value] = Field({}, description="name: value of a {placeholder}")
    env: dict[str, str] = Field({}, description="environment variables, with {placeholders}")
    cwd: Annotated[str, BeforeValidator(_unwrapped)] = Field(
        ".", description="the folder that code and inputs are in, from that of the study file"
    )
    model: Annotated[str, BeforeValidator(_unwrapped), Field(pattern=CALL)] | None = Field(
        None, description="package.module:function that builds the program's model, to count it"
    )
    input: Annotated[list[Side], Field(min_length=3, max_length=3)] | None = Field(
        None, description="the shape of one input of that model: [channels, height, width]"
    )
    # Declared, not guessed: a program that starts anew in a full folder may read its old files.
    resumes: bool = Field(False, description="goes on from what it has saved in STUDY_FOLDER")
    notice: Annotated[float, Field(gt=0, le=86_400)] = Field(
        NOTICE, description="seconds between SIGTERM and the end"
    )


@dataclass(frozen=True)
class ProgramConfig:
    """The program of an arm; a part that is wrong in the file has its default."""

    keys: ProgramBaseline
    root: Path
    """The folder that code and inputs are in."""
    plugins: tuple[Plugin, ...] = ()
    unresolved: frozenset[str] = frozenset()
    env: Mapping[str, str] = field(default_factory=dict)
    """The environment variables; $NAME where the file takes the value from the shell."""
    code: Mapping[str, str] = field(default_factory=dict)
    """The digest of every file of code, as it was when the study was read.

    A run plans again when its trials have ended, and finds them whatever was edited meanwhile.
    """
    inputs: Mapping[str, str] = field(default_factory=dict)
    """The digests of small files of inputs, where a model may be built by them."""


def read(part: str, tree: Tree) -> tuple[object, list[Problem]]:
    """A part of a baseline, or None, and its problems."""
    if tree.value == {}:  # the file has no such key
        return ProgramBaseline.model_fields[part].get_default(call_default_factory=True), []
    # A level of a factor is checked here; the schema of `baseline` has checked the rest.
    inside = Tree({part: tree}, tree.location, {part: tree.location})
    keys, problems = validated(ProgramBaseline, inside)
    return (None if keys is None else getattr(keys, part)), problems


def config(parts: ReadParts) -> ProgramConfig:
    """The configuration of an arm."""
    keys = keys_of(parts)
    root = root_of(parts)
    # Without a model nothing depends on them.
    is_built = keys.model is not None and not parts.unresolved
    return ProgramConfig(
        keys=keys,
        root=root,
        plugins=parts.plugins,
        unresolved=parts.unresolved,
        env=_environment(keys, tree(parts, "env")),
        code={} if parts.unresolved else code.digests_once(parts, root, keys.code),
        inputs=code.input_digests_once(parts, root, keys.inputs) if is_built else {},
    )


def keys_of(parts: ReadParts) -> ProgramBaseline:
    """The keys of a baseline; a wrong one has its default."""
    values = {part: value for part, value in parts.values.items() if value is not None}
    return ProgramBaseline().model_copy(update=values)


def config_of(arm: object) -> ProgramConfig:
    """The configuration of an arm of this task."""
    return cast(ProgramConfig, arm)


def root_of(parts: ReadParts) -> Path:
    """The folder that code and inputs are in."""
    cwd = parts.values.get("cwd") or "."
    return place(parts, "cwd").folder.resolve() / str(cwd)


def tree(parts: ReadParts, part: str) -> Tree:
    """A part with its place in the file."""
    return parts.trees[part]


def place(parts: ReadParts, part: str) -> Location:
    return tree(parts, part).location


def _environment(keys: ProgramBaseline, env: Tree) -> dict[str, str]:
    # By its variable, so that a secret, or a place of this machine, enters no record.
    inside = env.value if isinstance(env.value, dict) else {}
    return {name: inside[name].variable or value for name, value in keys.env.items()}
