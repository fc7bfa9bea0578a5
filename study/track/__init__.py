"""Trackers: trials in TensorBoard, Weights & Biases or MLflow, read from the store alone.

A follower reads the store, and workers do not know of it. It records what it has logged beside its
own files, so that it can be killed, restarted, or started when the study is over, and still logs
every epoch once.
"""

from collections.abc import Callable, Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, Protocol

from study.errors import StudyError
from study.plan.plan import Plan
from study.store import study_folders
from study.store.atomic import Record, write
from study.store.job_records import Delivered
from study.store.records import EpochRow, Result
from study.store.states import DONE
from study.store.store import Store
from study.tasks.arms import PlannedArm, Trial, result_of
from study.track import mlflow, tensorboard, wandb
from study.track.subject import Subject

__all__ = ["TRACKERS", "Follower", "Subject", "check", "folder"]


class Run(Protocol):
    """One trial in a tracker. Values are in base units; `epoch` counts from 0."""

    def epoch(self, epoch: int, values: Mapping[str, float]) -> None: ...

    def end(self, state: str, values: Mapping[str, float]) -> None:
        """`state` is completed, diverged or failed; only a failed trial may be logged further."""

    def close(self) -> None:
        """Returns when everything logged is on disk, or sent."""


class Tracker(NamedTuple):
    """A tool that shows trials."""

    package: str
    """The package that it needs."""
    opened: Callable[[Path, Subject], Run]
    """Opens a trial in the folder to write to; a trial opened before continues."""
    view: Callable[[Path], str]
    """The command that shows the trials of a folder."""


REMEDY = "keep its results in another store: --store DIR"
TRACKERS: dict[str, Tracker] = {
    "tensorboard": Tracker("tensorboard", tensorboard.TensorBoard, tensorboard.view),
    "wandb": Tracker("wandb", wandb.WeightsAndBiases, wandb.view),
    "mlflow": Tracker("mlflow", mlflow.MLflow, mlflow.view),
}


def check(names: Iterable[str]) -> None:
    """Raises StudyError, naming the extra, if a tracker's package is not installed."""
    for name in names:
        if find_spec(TRACKERS[name].package) is None:
            raise StudyError(f'{name} is not installed: pip install -e ".[{name}]"')


def folder(store: Store, plan: Plan, tracker: str) -> Path:
    """The folder of a tracker's files, claimed for this study.

    Raises:
        StudyError: the folder belongs to another study of the same name.
    """
    return study_folders.claim(store.root / "track" / tracker, plan.study, REMEDY)


class Follower:
    """Logs to one tracker what is new in the store."""

    def __init__(self, plan: Plan, store: Store, tracker: str) -> None:
        self.plan, self.store, self.tracker = plan, store, TRACKERS[tracker]
        self.folder = folder(store, plan, tracker)
        self.open: dict[str, Run] = {}

    def look(self) -> int:
        """Logs what is new since the last call; returns the number of new epochs and ends."""
        return sum(self._look(arm, trial) for arm in self.plan.trained for trial in arm.trials)

    def close(self) -> None:
        for run in self.open.values():
            run.close()
        self.open.clear()

    def _look(self, arm: PlannedArm, trial: Trial) -> int:
        # The name of the folder stays: under another one, every epoch would be logged again.
        path = self.folder / "told" / f"{trial.name}.json"
        logged = Delivered.load(path) or Delivered(epochs=0, state="")
        # A finished trial never changes; a failed one may be run again and is looked at.
        if logged.state in DONE:
            return 0
        rows, result = self.store.history(trial.name), result_of(trial, self.store)
        state, new = result.state if result else "", rows[logged.epochs :]
        ended = state not in ("", logged.state)  # a failed trial may end a second time
        if not new and not ended:
            return 0
        run = self._run(arm, trial)
        for row in new:
            run.epoch(row.epoch, _values(row))
        if result is not None and ended:
            run.end(state, _last(arm, result))
            self.open.pop(trial.name).close()
        # A trial that restarted from its first epoch repeats the same numbers: not logged twice.
        now = Delivered(epochs=max(logged.epochs, len(rows)), state=state or logged.state)
        write(path, now.plain)
        return len(new) + ended

    def _run(self, arm: PlannedArm, trial: Trial) -> Run:
        if trial.name not in self.open:
            subject = _subject(self.plan, arm, trial)
            self.open[trial.name] = self.tracker.opened(self.folder, subject)
        return self.open[trial.name]


def _subject(plan: Plan, arm: PlannedArm, trial: Trial) -> Subject:
    # A candidate of a search has no level of the factor that the search has become.
    choices = zip(plan.study.factors, arm.arm.choices, strict=False)
    levels = {factor.path: factor.levels[level].label for factor, level in choices}
    levels |= {"matched": str(arm.arm.refit)} if arm.arm.refit else {}
    label = "A/A" if trial.is_aa else arm.label
    return Subject(plan.study.title, trial.name, label, trial.seed, levels, _flat(arm.config.plain))


def _flat(config: Record, within: str = "") -> dict[str, object]:
    """Nested mappings as one, by dotted path."""
    flat: dict[str, object] = {}
    for key, value in config.items():
        inner = isinstance(value, dict)
        flat |= _flat(value, f"{within}{key}.") if inner else {f"{within}{key}": value}
    return flat


TRAINING = {
    "train_loss": "train/loss",
    "lr": "train/lr",
    "images_per_second": "train/images_per_second",
}


def _values(row: EpochRow) -> dict[str, float]:
    """An epoch's numbers by their names in the tracker."""
    values = {**row.measured, "images_per_second": row.images_per_second}
    names = {key: TRAINING.get(key, f"eval/{key}") for key in values}
    return {names[key]: float(value) for key, value in values.items() if value is not None}


def _last(arm: PlannedArm, result: Result) -> dict[str, float]:
    """Numbers measured once: quality after the last epoch, cost, and the trial's seconds."""
    # Unknown values are None; trackers take numbers alone.
    values = {**arm.cost_record.cost, **result.metrics, "seconds": result.seconds}
    return {f"final/{k}": float(v) for k, v in values.items() if isinstance(v, int | float)}
