"""Proposals of one arm: an optuna.Study in memory, by ask and tell alone.

`optuna.Study.optimize` is never called and no sampler enumerates the space. A proposal depends on
the seed, on the space, and on the results told before it; told in another order, or by parallel
workers, a seeded sampler would propose something else.
"""

import json
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

from study.spec.tuning import SAMPLERS, Categories, Dimension, Range, TuningRules, Values, written

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

DIGITS = 4
"""Significant digits of a proposed number, so that what a table prints is what was trained."""


class Proposals:
    """Asks for batches of values, and is told their objectives; always from the first batch on."""

    def __init__(self, rules: TuningRules, *, higher: bool, first: Values | None) -> None:
        """`first` are the file's own values, or None where they lie outside the space."""
        # Half a second to import, which a study without tuning does not wait for.
        import optuna

        self._rules, self._first = rules, first
        self._distributions = distributions(rules)
        with warnings.catch_warnings():
            # Some samplers of optuna are marked as experimental.
            warnings.simplefilter("ignore")
            # The same seed in every arm, so that all begin with the same draws and none is luckier.
            how = {"scramble": True} if rules.sampler == "qmc" else {}  # else no seed has effect
            sampler = getattr(optuna.samplers, SAMPLERS[rules.sampler])(seed=rules.seed, **how)
        optuna.logging.set_verbosity(optuna.logging.WARNING)  # else a line for every trial
        self._study = optuna.create_study(
            sampler=sampler, direction="maximize" if higher else "minimize"
        )
        self._open = list[optuna.Trial]()
        self._number = 0

    def ask(self, count: int) -> list[Values]:
        """The next proposals; the first of all has the file's values, which need no naming."""
        values = list[Values]()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for _ in range(count):
                values.append(self._ask())
                self._number += 1
        return values

    def _ask(self) -> Values:
        if self._number == 0 and self._first is None:
            return {}  # the sampler cannot be told of values outside its space
        if self._number == 0:
            self._study.enqueue_trial(encoded(self._rules, self._first or {}))
        trial = self._study.ask(self._distributions)
        self._open.append(trial)
        return decoded(self._rules, trial.params) if self._number else {}

    def tell(self, objectives: Sequence[float | None]) -> None:
        """The objectives of the last batch in the order of its proposals; None where it failed."""
        import optuna

        outside = self._first is None and self._number == len(objectives)
        for trial, value in zip(self._open, objectives[outside:], strict=True):
            # A failed trial has no value; TPE leaves it out, where a worst value would mislead it.
            state = optuna.trial.TrialState.FAIL if value is None else None
            self._study.tell(trial, value, state=state)
        self._open.clear()


def distributions(rules: TuningRules) -> "dict[str, BaseDistribution]":
    """The space as optuna has it, by path."""
    return {path: _distribution(values) for path, values in rules.space.items()}


def _distribution(values: Dimension) -> "BaseDistribution":
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    if isinstance(values, Categories):
        # Texts, as optuna takes 0 and false for the same category.
        return CategoricalDistribution([written(value) for value in values.values])
    if values.whole:
        # An integer range of optuna has steps of 1 unless it is told.
        low, high, step = int(values.low), int(values.high), int(values.step or 1)
        return IntDistribution(low, high, log=values.log, step=step)
    return FloatDistribution(values.low, values.high, log=values.log, step=values.step)


def encoded(rules: TuningRules, values: Values) -> dict[str, object]:
    """Values as optuna has them."""
    return {
        path: written(values[path]) if isinstance(space, Categories) else values[path]
        for path, space in rules.space.items()
    }


def decoded(rules: TuningRules, params: Values) -> Values:
    """Values as the task takes them, from those of optuna."""
    return {path: _decoded(space, params[path]) for path, space in rules.space.items()}


def _decoded(space: Dimension, value: object) -> object:
    if isinstance(space, Categories):
        return next(other for other in space.values if written(other) == value)
    if space.whole:
        return int(json.loads(str(value)))
    # 12 digits: a sum of steps such as 0.1 has noise in the last ones.
    return _rounded(space, float(str(value)), 12 if space.step else DIGITS)


def _rounded(space: Range, value: float, digits: int) -> float:
    # Rounding must not leave the range, which the file promised.
    return min(max(float(f"{value:.{digits}g}"), space.low), space.high)
