"""The format of the store: what each kind of record holds, checked when it is read.

Keys that are not named here are passed on as they are: a later version may add some.
"""

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from study import files
from study.errors import DamagedError
from study.files import Record
from study.scalars import Count, Few, Number, Seconds


class Format(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True, protected_namespaces=())


class Model(Format):
    name: str
    arguments: dict[str, Any]


class Config(Format):
    model: Model
    data: dict[str, Any]
    recipe: dict[str, Any]


class Shape(Format):
    num_classes: Few
    in_chans: Few
    img_size: Few


class Environment(Format):
    machine: str | None = None
    processor: str | None = None
    device: str | None = None
    commit: str | None = None
    computing: str | None = None
    dirty: bool | None = None
    threads: Annotated[int, Field(ge=1, le=4096)] | None = None


class Row(Format):
    """An epoch of history.jsonl."""

    epoch: Count
    seconds: Seconds | None = None
    __pydantic_extra__: dict[str, Number | None] = Field(init=False)


class Trial(Format):
    """trial.json"""

    config: Config
    study: str | None = None
    label: str | None = None
    seed: Count | None = None
    shape: Shape | None = None
    sources: list[Annotated[list[str], Field(min_length=2, max_length=2)]] = []
    where: dict[str, Any] = {}


class Result(Format):
    """result.json"""

    format: Annotated[int, Field(ge=1, le=1000)]
    trial: str
    state: Literal["completed", "diverged", "failed"]
    config: Config
    metrics: dict[str, Number | None]
    environment: Environment = Environment()
    seconds: Seconds | None = None
    history: list[Row] = []
    predictions: str = ""
    images: dict[str, dict[str, Count | str]] = {}
    error: str | None = None
    log: list[str] | None = None


class Evaluation(Format):
    """at-SIZE.json"""

    metrics: dict[str, Number | None]
    refused: str = ""


class Death(Format):
    """died-N.json"""

    why: str
    epochs: Count = 0
    time: Seconds | None = None
    where: str = ""
    log: list[str] | None = None


def load(path: Path, kind: type[Format]) -> Record | None:
    """A record of a kind, or None where there is none; a damaged file is set aside, and told."""
    return files.sound(path, partial(parsed, kind=kind))


def look(path: Path, kind: type[Format]) -> Record | None:
    """The same, and a damaged file is left as it is."""
    try:
        return parsed(files.content(path), kind)
    except (OSError, DamagedError):
        return None


def parsed(content: bytes, kind: type[Format]) -> Record:
    """Raises DamagedError where this is no record of this kind."""
    return checked(files.record(content), kind)


def checked(record: Record, kind: type[Format]) -> Record:
    """The record itself. Raises DamagedError where it is not of this kind."""
    try:
        kind.model_validate(record)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise DamagedError(f"{place[:200]}: {first['msg'][:200]}") from error
    return record


def history(content: bytes) -> list[Record]:
    """The epochs of history.jsonl; those that are none are left out."""
    found = []
    for row in files.rows(content):
        with suppress(DamagedError):
            found.append(checked(row, Row))
    return found
