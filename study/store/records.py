"""The format of the store: what each kind of record holds, checked when it is read.

Keys that are not named here are passed on as they are: a later version may add some.
"""

from collections.abc import Mapping
from contextlib import suppress
from math import isfinite
from typing import Annotated, Literal

from pydantic import Field

from study.errors import DamagedError
from study.store import atomic
from study.store.atomic import Record
from study.store.fields import Count, Number, Seconds
from study.store.frozen import Frozen


class TrialConfig(Frozen):
    """Everything that a trial computes with but its seed, by part, as its name was made from it.

    The parts and their keys are the task's, and are as they were stored: an older version may have
    had other keys.
    """

    __pydantic_extra__: dict[str, Record] = Field(init=False)

    @property
    def parts(self) -> dict[str, Record]:
        return dict(self.plain)

    @property
    def values(self) -> dict[str, object]:
        """The values by dotted path; the arguments of a model stand beside its name."""
        flat: dict[str, object] = {}
        for part, values in self.parts.items():
            inner = values.get("arguments")
            nested = inner if isinstance(inner, dict) else {}
            rest = {key: v for key, v in values.items() if not (nested and key == "arguments")}
            flat |= {f"{part}.{key}": value for key, value in (rest | nested).items()}
        return flat


class Environment(Frozen):
    """The machine, libraries and code that numbers were measured with."""

    machine: str | None = None
    processor: str | None = None
    device: str | None = None
    commit: str | None = None
    computing: str | None = None
    """A digest of the code that results come from."""
    dirty: bool | None = None
    """True if that code differs from the commit."""
    threads: Annotated[int, Field(ge=1, le=4096)] | None = None
    processes: Count | None = None
    """Processes that trained together."""
    partition: str | None = None
    """The partition of the Slurm job, if any."""


class EpochRow(Frozen):
    """An epoch of history.jsonl: its number from 0, its seconds, and what it measured."""

    epoch: Count
    seconds: Seconds | None = None
    """Seconds of the epoch with its evaluation."""
    images_per_second: Number | None = None
    """Training images per second, without the evaluation."""
    # The other keys are metrics, whose names the catalogue decides.
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

    # The keys are names of splits, which the data set decides.
    __pydantic_extra__: dict[str, ImageFingerprint] = Field(init=False)

    @property
    def splits(self) -> dict[str, ImageFingerprint]:
        return self.__pydantic_extra__


class Stopping(Frozen):
    """How a candidate of a search is stopped early: by a rule of optuna, and by earlier ones."""

    rule: str
    metric: str
    higher: bool
    """True if a higher value of the metric is better."""
    earlier: list[str]
    """The trials of earlier batches, in their order; all of them have ended."""


class TrialRecord(Frozen):
    """trial.json: what a worker needs to know of a trial; a task adds keys of its own."""

    task: str = "classification"
    study: str | None = None
    label: str | None = None
    seed: Count = 0
    config: TrialConfig
    # Pairs as lists, since JSON has no tuples.
    sources: list[Annotated[list[str], Field(min_length=2, max_length=2)]] = Field([])
    """Plugins as the study file names them, each with its digest."""
    stopping: Stopping | None = None


State = Literal["completed", "diverged", "censored", "failed"]
"""A censored trial was stopped early by the rule of a search, and has no measurements."""


class Outcome(Frozen):
    """The end of a trial, before the store gives it a name."""

    state: State
    config: TrialConfig
    metrics: dict[str, Number | None]
    """In base units, None where not finite."""
    environment: Environment = Environment()
    seconds: Seconds | None = None
    """Seconds of all attempts together."""
    history: list[EpochRow] = Field([])
    predictions: str = ""
    """The file of this attempt's predictions."""
    images: dict[str, ImageFingerprint] = Field({})
    """By split, where the images are files of a folder."""
    error: str | None = None
    unread: str = ""
    """The metric of which a trial that ended well has left no value."""
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


def history(content: bytes) -> list[EpochRow]:
    """The epochs of history.jsonl; lines that hold no epoch are left out."""
    epochs = []
    for row in atomic.decoded_lines(content):
        with suppress(DamagedError):
            epochs.append(EpochRow.checked(row))
    return epochs


def finite(values: Mapping[str, float | None]) -> dict[str, float | None]:
    """Measurements as they are stored, None where a value is unknown, NaN or infinite."""
    # float, since JSON has no numbers of numpy.
    known = {n: float(v) for n, v in values.items() if v is not None and isfinite(v)}
    return {name: known.get(name) for name in values}
