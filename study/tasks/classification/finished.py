"""Finished trials whose weights are used again: evaluated, or what another trial starts from."""

from pathlib import Path

from study.errors import StoreError, unknown
from study.store import archives, ownership
from study.store.atomic import read_checked
from study.store.store import Store
from study.tasks.classification.records import ClassifierRecord


def finished(store: Store, name: str) -> tuple[ClassifierRecord, Path]:
    """The record and checkpoint of a completed trial.

    Raises:
        StoreError: the trial does not exist, is not finished, or its weights are gone.
    """
    if not store.trial(name).is_dir():
        trials = store.root / "trials"
        names = [path.name for path in trials.iterdir()] if trials.is_dir() else []
        raise StoreError(f"{store.root} has no such trial: {unknown('trial', name, names)}")
    state = store.state(name)
    if state != "completed":
        raise StoreError(
            f"trial {name} in {store.root} is {state}; only a completed trial can be used"
        )
    if (task := store.entered(name).task) != "classification":
        raise StoreError(f"trial {name} is of the task {task}, which has no images to evaluate")
    path, record = store.folder(name).checkpoint, ClassifierRecord.of(store.entered(name))
    leaves = trains(record)
    if leaves and not path.exists():
        raise StoreError(f"the weights of trial {name} are gone: {path}; restore the file")
    if record.sources:  # building the model runs the code of these files
        ownership.file(store.folder(name).record)
    # The last check, since it reads the whole file.
    if leaves and read_checked(path, archives.checked) is None:
        raise StoreError(f"the weights of trial {name} are damaged: {path}; restore the file")
    return record, path


def trains(record: ClassifierRecord) -> bool:
    """True for a trial that leaves a checkpoint; one of 0 epochs evaluates its given weights."""
    # Of any version: the other keys are checked by those who read them.
    return record.config.recipe.get("epochs") != 0


def checkpoint(store: Store, name: str) -> Path:
    """The weights that a finished trial has trained; raises StoreError as `finished` does."""
    record, path = finished(store, name)
    if not trains(record):
        raise StoreError(f"trial {name} trained nothing, so it has no weights")
    return path.resolve()
