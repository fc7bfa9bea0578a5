"""Early stopping of a search's candidates by the rules of optuna.

A rule sees the candidates of earlier batches, which have all ended, and never those of the same
batch: so what it decides depends on no clock and no number of workers.
"""

import warnings
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from study.store.records import EpochRow, Result, Stopping, TrialRecord
from study.store.store import Store
from study.trial.callbacks import goes_on

if TYPE_CHECKING:
    import optuna

PRUNERS = {
    "median": "MedianPruner",
    "wilcoxon": "WilcoxonPruner",
    "hyperband": "HyperbandPruner",
}
"""Rules of optuna by name, each with optuna's defaults."""


def rule(record: TrialRecord | None, store: Store) -> Callable[[Sequence[EpochRow]], bool]:
    """The rule by which a trial of this record ends early; one that never does for other trials."""
    if record is None or record.stopping is None:
        return goes_on
    return EarlyStopping(record.stopping, store).ends


class EarlyStopping:
    """A rule of optuna, which has the candidates of earlier batches and the epochs of one."""

    def __init__(self, stopping: Stopping, store: Store) -> None:
        self._stopping, self._store = stopping, store
        # Told once each: optuna refuses a second report of a step.
        self._epochs, self._is_over = 0, False

    def ends(self, history: Sequence[EpochRow]) -> bool:
        """True if the rule stops a trial after these epochs, of which it is told the new ones."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # optuna calls some rules experimental
            for row in history[self._epochs :]:
                self._is_over |= self._reported(self._trial, row)
        self._epochs = len(history)
        return self._is_over

    @cached_property
    def _trial(self) -> "optuna.Trial":
        """The trial as optuna has it, in a study to which all earlier ones were told."""
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)  # else a line for every trial
        study = optuna.create_study(
            study_name="search",  # hyperband assigns brackets by it
            direction="maximize" if self._stopping.higher else "minimize",
            pruner=getattr(optuna.pruners, PRUNERS[self._stopping.rule])(),
        )
        for name in self._stopping.earlier:
            trial, result = study.ask(), self._store.result(name)
            # Epoch by epoch, as successive halving notes the rungs that a trial has passed.
            for row in result.history if result else ():
                self._reported(trial, row)
            self._tell(study, trial, result)
        return study.ask()

    def _tell(self, study: "optuna.Study", trial: "optuna.Trial", result: Result | None) -> None:
        import optuna

        states = optuna.trial.TrialState
        value = result.metrics.get(self._stopping.metric) if result else None
        if result and result.state == "completed" and value is not None:
            study.tell(trial, value)
        else:
            # As optuna has it: pruned trials have values of their epochs, failed ones none.
            is_censored = result is not None and result.state == "censored"
            study.tell(trial, state=states.PRUNED if is_censored else states.FAIL)

    def _reported(self, trial: "optuna.Trial", row: EpochRow) -> bool:
        """True if the rule would stop the trial after this epoch."""
        value = row.measured.get(self._stopping.metric)
        # An epoch without the metric says nothing about the trial.
        if value is None:
            return False
        trial.report(value, row.epoch)
        return trial.should_prune()
