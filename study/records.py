"""The format of the store: what each kind of record holds, checked when it is read.

Keys that are not named here are passed on as they are: a later version may add some.
"""

from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property, partial
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from study import files
from study.errors import DamagedError
from study.files import Record
from study.frozen import Frozen
from study.scalars import Count, Few, Inside, Number, Place, Positive, Seconds
from study.schema import Data, Recipe


class Format(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True, frozen=True, protected_namespaces=())


class ModelConfig(Frozen):
    name: str
    arguments: dict[str, Any]
    code: Any = None
    """Digests of the user's own code, by the name it is registered under."""


class TrialConfig(Frozen):
    """Everything that a trial computes with but its seed, as its name was made from it.

    `data` and `recipe` are as they were stored: an older version may have had other keys.
    """

    model: ModelConfig
    data: dict[str, Any]
    recipe: dict[str, Any]


class Shape(Frozen):
    """The classes, channels and side in pixels that a model is built for."""

    num_classes: Few
    in_chans: Few
    img_size: Few


class Environment(Frozen):
    """The machine, libraries and code that numbers were measured with."""

    machine: str | None = None
    processor: str | None = None
    device: str | None = None
    commit: str | None = None
    computing: str | None = None
    """A digest of the code that results come from."""
    dirty: bool | None = None
    """Whether that code differs from the commit."""
    threads: Annotated[int, Field(ge=1, le=4096)] | None = None


class EpochRow(Frozen):
    """An epoch of history.jsonl: its number from 0, its seconds, and what it measured."""

    epoch: Count
    seconds: Seconds | None = None
    """Of the epoch with its evaluation."""
    images_per_second: Number | None = None
    """Trained on, without the evaluation."""
    __pydantic_extra__: dict[str, Number | None] = Field(init=False)

    @property
    def measured(self) -> dict[str, Number | None]:
        """Learning rate, losses and quality; None where a stored value was not finite."""
        return self.__pydantic_extra__

    @property
    def plain(self) -> Record:
        """The row in the order of history.jsonl: the times come last."""
        row = super().plain
        times = {key: row.pop(key) for key in ("seconds", "images_per_second") if key in row}
        return row | times


class ImageFingerprint(Frozen):
    """The number of images of a split, of its classes, and a digest of names and sizes."""

    files: Count = 0
    classes: Count = 0
    digest: str = ""
    __pydantic_extra__: dict[str, Count | str] = Field(init=False)


class TrialImages(Frozen):
    """images.json: the fingerprint of every split that a trial began on."""

    __pydantic_extra__: dict[str, ImageFingerprint] = Field(init=False)

    @property
    def splits(self) -> dict[str, ImageFingerprint]:
        return self.__pydantic_extra__


class GivenWeights(Frozen):
    """The arguments of a model that name files of weights, and the digests of these files."""

    arguments: dict[str, Any] = Field({})
    sha256: dict[str, Any] = Field({})


ABSENT: dict[str, Any] = {}


class TrialRecord(Frozen):
    """trial.json: what a worker needs to know of a trial."""

    config: TrialConfig
    study: str | None = None
    label: str | None = None
    seed: Count = 0
    shape: Shape = Shape.model_construct(**ABSENT)
    sources: list[Annotated[list[str], Field(min_length=2, max_length=2)]] = Field([])
    """Files and modules of the user's own code, each with its digest."""
    where: dict[str, Any] = Field({})
    """Keys of the data that find the images on this machine and change nothing in them."""
    weights: GivenWeights = GivenWeights()

    @cached_property
    def data(self) -> Data:
        """Raises ValidationError where this version reads the images otherwise."""
        return Data(**(self.config.data | self.where))

    @cached_property
    def recipe(self) -> Recipe:
        """Raises ValidationError where this version has no such recipe."""
        return Recipe(**self.config.recipe)

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of the model, with the places of given weights."""
        return self.config.model.arguments | self.weights.arguments


State = Literal["completed", "diverged", "failed"]


class Outcome(Frozen):
    """What a trial ends with, before the store gives it a name."""

    state: State
    config: TrialConfig
    metrics: dict[str, Number | None]
    """In base units, None where not finite."""
    environment: Environment = Environment()
    seconds: Seconds | None = None
    """Of all attempts together."""
    history: list[EpochRow] = Field([])
    predictions: str = ""
    """The file of this attempt's predictions."""
    images: dict[str, ImageFingerprint] = Field({})
    """By split, where the images are files of a folder."""
    error: str | None = None
    log: list[str] | None = None
    """The last lines of a worker that died."""


class Result(Outcome):
    """result.json"""

    format: Annotated[int, Field(ge=1, le=1000)]
    trial: str


class Evaluation(Frozen):
    """at-SIZE.json: a trial's weights on images of another size, or why they take none."""

    metrics: dict[str, Number | None]
    refused: str = ""


class WorkerDeath(Frozen):
    """died-N.json: how the worker that held lease N of a trial died."""

    why: str
    epochs: Count = 0
    """Epochs that the trial had behind it."""
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


class Computed(Frozen):
    """trials.json of a job: what each of its trials computes."""

    __pydantic_extra__: dict[str, TrialRecord] = Field(init=False)

    @property
    def trials(self) -> dict[str, TrialRecord]:
        return self.__pydantic_extra__


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


def history(content: bytes) -> list[EpochRow]:
    """The epochs of history.jsonl; lines that hold no epoch are left out."""
    epochs = []
    for row in files.rows(content):
        with suppress(DamagedError):
            epochs.append(EpochRow.checked(row))
    return epochs


def finite(values: Mapping[str, float]) -> dict[str, float | None]:
    """Measurements as they are stored, None where a value is NaN or infinite."""
    return {name: value if isfinite(value) else None for name, value in values.items()}
