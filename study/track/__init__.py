"""Trials in somebody else's viewer, told from the store alone.

A follower reads the store, and nothing reads it: workers do not know that it is there. What it has
handed over is put down beside what it wrote, so that it can be killed, started anew, or started
when the study is over, and tells every epoch once.
"""

from collections.abc import Callable, Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from study import folders
from study.errors import StudyError
from study.files import Record, write
from study.job_records import Handed
from study.plan import Plan, PlannedArm, Trial
from study.records import EpochRow, Result
from study.store import DONE, Store
from study.track import mlflow, tensorboard, wandb
from study.track.subject import Subject

__all__ = ["TRACKERS", "Follower", "Subject", "check", "folder"]


class Run(Protocol):
    """One trial, as a viewer has it. Base units; `epoch` counts from 0."""

    def epoch(self, epoch: int, values: Mapping[str, float]) -> None: ...

    def end(self, state: str, values: Mapping[str, float]) -> None:
        """completed, diverged or failed; nothing follows, unless a failed trial is tried again."""

    def close(self) -> None:
        """All that was told is on disk, or sent."""


class Tracker(NamedTuple):
    package: str
    opened: Callable[[Path, Subject], Run]
    """Takes the folder to write to. A trial that was opened before goes on."""
    view: Callable[[Path], str]
    """The command that shows it."""


OTHERWISE = "keep its results in another store: --store DIR"
TRACKERS: dict[str, Tracker] = {
    "tensorboard": Tracker("tensorboard", tensorboard.TensorBoard, tensorboard.view),
    "wandb": Tracker("wandb", wandb.WeightsAndBiases, wandb.view),
    "mlflow": Tracker("mlflow", mlflow.MLflow, mlflow.view),
}


def check(names: Iterable[str]) -> None:
    """Raises StudyError naming the extra of a package that is not installed."""
    for name in names:
        if find_spec(TRACKERS[name].package) is None:
            raise StudyError(f'{name} is not installed: pip install -e ".[{name}]"')


def folder(store: Store, plan: Plan, tracker: str) -> Path:
    """Where a tracker keeps what it has been given of a study, which is its own from now on.

    Raises:
        StudyError: it is that of another study of the same name.
    """
    return folders.claim(store.root / "track" / tracker, plan.study, OTHERWISE)


class Follower:
    """Hands what is new in the store to one tracker."""

    def __init__(self, plan: Plan, store: Store, tracker: str) -> None:
        self.plan, self.store, self.tracker = plan, store, TRACKERS[tracker]
        self.folder = folder(store, plan, tracker)
        self.open: dict[str, Run] = {}

    def look(self) -> int:
        """Returns how many epochs and ends were new."""
        return sum(self._look(arm, trial) for arm in self.plan.arms for trial in arm.trials)

    def close(self) -> None:
        for run in self.open.values():
            run.close()
        self.open.clear()

    def _look(self, arm: PlannedArm, trial: Trial) -> int:
        place = self.folder / "told" / f"{trial.name}.json"
        told = Handed.load(place) or Handed(epochs=0, state="")
        if told.state in DONE:
            return 0
        rows, result = self.store.history(trial.name), self.store.result(trial.name)
        state, new = result.state if result else "", rows[told.epochs :]
        ended = state not in ("", told.state)
        if not new and not ended:
            return 0
        run = self._run(arm, trial)
        for row in new:
            run.epoch(row.epoch, _values(row))
        if result is not None and ended:
            run.end(state, _last(arm, result))
            self.open.pop(trial.name).close()
        # A trial that began afresh repeats its epochs to the bit: they are not told twice.
        now = Handed(epochs=max(told.epochs, len(rows)), state=state or told.state)
        write(place, now.plain)
        return len(new) + ended

    def _run(self, arm: PlannedArm, trial: Trial) -> Run:
        if trial.name not in self.open:
            subject = _subject(self.plan, arm, trial)
            self.open[trial.name] = self.tracker.opened(self.folder, subject)
        return self.open[trial.name]


def _subject(plan: Plan, arm: PlannedArm, trial: Trial) -> Subject:
    chosen = zip(plan.study.factors, arm.arm.choices, strict=True)
    levels = {factor.path: factor.levels[level].label for factor, level in chosen}
    label = "A/A" if trial.again else arm.label
    return Subject(plan.study.title, trial.name, label, trial.seed, levels, _flat(arm.config.plain))


def _flat(config: Record, within: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in config.items():
        inner = isinstance(value, dict)
        found |= _flat(value, f"{within}{key}.") if inner else {f"{within}{key}": value}
    return found


TRAINING = {"train_loss": "train/loss", "lr": "train/lr",
            "images_per_second": "train/images_per_second"}  # fmt: skip


def _values(row: EpochRow) -> dict[str, float]:
    """The numbers of an epoch, by the names under which a viewer shows them."""
    values = {**row.measured, "images_per_second": row.images_per_second}
    names = {key: TRAINING.get(key, f"eval/{key}") for key in values}
    return {names[key]: float(value) for key, value in values.items() if value is not None}


def _last(arm: PlannedArm, result: Result) -> dict[str, float]:
    """What is measured once: quality after the last epoch, and cost."""
    values = {**arm.card.cost, **result.metrics, "seconds": result.seconds}
    return {f"final/{k}": float(v) for k, v in values.items() if isinstance(v, int | float)}
