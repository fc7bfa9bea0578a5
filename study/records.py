"""The format of the store: what each kind of record holds, checked when it is read.

Keys that are not named here are passed on as they are: a later version may add some.
"""

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from study import files
from study.errors import DamagedError
from study.files import Record
from study.scalars import Count, Few, Inside, Number, Place, Positive, Seconds


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


class Costs(Format):
    """arms/KEY.json, of whatever has costs."""

    cost: dict[str, Number | None] = {}


class Card(Format):
    """arms/KEY.json, of an arm."""

    model: str
    shape: Shape
    arguments: dict[str, Any]
    defaults: dict[str, Any]
    slots: dict[str, list[str]]
    code: dict[str, Any]
    cost: dict[str, Number | None]
    counts: dict[str, dict[str, Number]] = {}
    stages: dict[str, dict[str, Number]] = {}
    refused: str = ""
    misfit: str = ""
    impossible: str = ""
    unreached: list[str] | None = None

    @model_validator(mode="after")
    def _filled(self) -> Self:
        if not self.slots.keys() <= self.arguments.keys():
            raise ValueError("a slot is not among the arguments")
        return self


class Summary(Format):
    """What a split of a folder of images holds."""

    place: str
    digest: str
    counts: dict[str, Count]
    unmapped: dict[str, Count]
    unread: dict[str, dict[str, Count]]
    ignored: dict[str, Count]
    nested: dict[str, list[str]]
    empty: list[str]
    broken: list[str]
    earlier: list[str]
    folders: list[str]
    real: list[str]
    inside: list[str]
    beside: list[str]
    loose: Count
    tars: Count
    repeated: Count


class Images(Format):
    """arms/KEY.json, of a split of a folder of images."""

    images: Summary
    stamp: str


class Course(Format):
    """arms/KEY.json, of a recipe."""

    rates: list[Number]
    updates: str | None = None


class Alike(Format):
    alike: bool  # arms/KEY.json, of two arms


class Ratio(Format):
    value: Positive
    low: Positive
    high: Positive


class Spread(Format):
    value: Number | None
    low: Number | None = None
    high: Number | None = None
    ratio: Ratio = Ratio(value=1, low=1, high=1)


class How(Format):
    way: str = ""
    batch_size: Count = 0
    rounds: Count = 0
    disturbed: Number = 0


class Session(Format):
    """timings/KEY.json, of a timing session."""

    device: str = ""
    arms: dict[str, dict[str, Spread]] = {}
    refused: dict[str, dict[str, str]] = {}
    how: How = How()
    environment: Environment = Environment()
    trials_running: Count = 0


class Steps(Format):
    """timings/KEY.json, of a few steps."""

    steps: Few
    train: Count
    val: Count
    train_image_seconds: Seconds
    image_seconds: Seconds


class Order(Format):
    """job.json"""

    store: Place
    tasks: list[str]
    on: str
    device: str
    threads: Few
    devices: Few
    nodes: Few
    share: Few
    retries: Count
    timeout: Seconds
    resources: dict[str, str]
    study: str = ""
    trials: list[str] = []
    words: Annotated[list[Place], Field(min_length=1)] | None = None
    folder: Place | None = None


class Computed(Format):
    """trials.json of a job: what each of its trials computes."""

    __pydantic_extra__: dict[str, Trial] = Field(init=False)


class Submitted(Format):
    ids: list[str]  # slurm.json


class Address(Format):
    """meet.JOB.json: where the processes of several nodes find each other."""

    MASTER_ADDR: str
    MASTER_PORT: str


class Handed(Format):
    """What a tracker was told of a trial."""

    epochs: Count
    state: str


class Signature(Format):
    """study.json: the study whose folder it is."""

    file: Place
    profile: str | None = None
    settings: list[str] = []


class Manifest(Format):
    """report.json: the files of a report."""

    files: list[Inside]
    made_of: str = ""


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
