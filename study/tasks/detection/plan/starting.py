"""The weights that an arm's backbone starts from, located on this machine."""

from dataclasses import replace
from pathlib import Path

from study import given_weights
from study.errors import BuildError, StoreError
from study.spec.study import Arm
from study.store.store import Store
from study.tasks.detection.config import BackboneStart, LocatedStart, config_of
from study.tasks.training import weights

CLASSIFIERS = "classification"
"""The task whose trials leave the weights of a backbone."""


def located(arm: Arm, store: Store) -> Arm:
    """The arm with the place of its weights; raises as `place` does."""
    config = config_of(arm)
    return replace(arm, config=replace(config, located=place(config.start, store)))


def place(start: BackboneStart, store: Store) -> LocatedStart | None:
    """The file of the weights; None for random ones.

    Raises:
        StoreError: the trial does not exist, is not finished, or has no weights.
        BuildError: there is no such file.
    """
    trial = start.trial
    if start.study:
        trial = weights.of_arm(store, start.study, start.arm, start.seed)
    if trial:
        # A detector's backbone lies at other names, which would fit nothing.
        if store.trial(trial).is_dir() and (task := store.entered(trial).task) != CLASSIFIERS:
            raise StoreError(
                f"trial {trial} is of the task {task}: a backbone starts from a {CLASSIFIERS} trial"
            )
        return LocatedStart(weights.checkpoint(store, trial), trial=trial)
    if not start.file:
        return None
    path = Path(start.file).expanduser()
    if not path.is_file():
        raise BuildError(given_weights.no_file(path))
    return LocatedStart(path.resolve(), start.key)
