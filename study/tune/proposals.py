"""Proposals of values: an optuna.Study in memory, by ask and tell alone.

`optuna.Study.optimize` is never called and no sampler enumerates the space. A proposal depends on
the seed, on the space, and on the results told before it; told in another order, or by parallel
workers, a seeded sampler would propose something else.
"""

import json
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from study.spec.tuning import SAMPLERS, Categories, Dimension, Range, SpaceRules, Values, written

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

DIGITS = 4
"""Significant digits of a proposed number, so that what a table prints is what was trained."""


class Proposals:
    """Asks for values, and is told their objectives; always from the first on.

    Objectives of one proposal are its values in the order of `higher`, none for a trial that was
    stopped early, and None for one that failed.
    """

    def __init__(self, rules: SpaceRules, *, higher: Sequence[bool], first: Values | None) -> None:
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
            sampler=sampler, directions=["maximize" if up else "minimize" for up in higher]
        )
        # Beside it, since the sampler itself has no draw that ignores what it was told.
        self._draws = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=rules.seed))
        self._open = list[optuna.Trial | None]()
        self._begun = False

    def ask(self, *, at_random: bool = False) -> Values:
        """The next proposal; the first of all has the file's values, which need no naming.

        One `at_random` is drawn evenly from the space, whatever the results.
        """
        is_first, self._begun = not self._begun, True
        if is_first and self._first is None:
            self._open.append(None)  # the sampler cannot be told of values outside its space
            return {}
        if is_first:
            self._study.enqueue_trial(encoded(self._rules, self._first or {}))
        elif at_random:
            self._study.enqueue_trial(self._draws.ask(self._distributions).params)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            trial = self._study.ask(self._distributions)
        self._open.append(trial)
        return {} if is_first else decoded(self._rules, trial.params)

    def refuse(self, excess: Mapping[str, float]) -> None:
        """Tell by how much the last proposal breaks each constraint; nothing for other reasons."""
        import optuna

        trial, states = self._open.pop(), optuna.trial.TrialState
        if trial is not None:
            # TPE prefers the candidates that break constraints least while few keep them.
            for name, value in excess.items():
                trial.set_constraint(name, value)
            self._study.tell(trial, state=states.PRUNED if excess else states.FAIL)

    def tell(self, objectives: Sequence[Sequence[float] | None]) -> None:
        """The objectives of the proposals since the last call, in their order."""
        import optuna

        states = optuna.trial.TrialState
        for trial, values in zip(self._open, objectives, strict=True):
            if trial is not None and values:
                self._study.tell(trial, [*values])
            elif trial is not None:
                # TPE leaves failed trials out, where a worst value would mislead it.
                self._study.tell(trial, state=states.FAIL if values is None else states.PRUNED)
        self._open.clear()


def distributions(rules: SpaceRules) -> "dict[str, BaseDistribution]":
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


def encoded(rules: SpaceRules, values: Values) -> dict[str, object]:
    """Values as optuna has them."""
    return {
        path: written(values[path]) if isinstance(space, Categories) else values[path]
        for path, space in rules.space.items()
    }


def decoded(rules: SpaceRules, params: Values) -> Values:
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
