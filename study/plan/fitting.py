"""Choices of seeds, arms and epochs that fit a budget, and the smallest effect of each."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from heapq import heappush, heapreplace
from itertools import accumulate
from math import inf, nan

from study.plan.estimate import TrialTimes
from study.plan.plan import Plan
from study.stats import MOST_SEEDS, smallest_effect
from study.store.job_records import Budget


@dataclass(frozen=True)
class Choice:
    """A part of a study, and the spend on what it lacks."""

    name: str
    arms: int
    seeds: int
    epochs: int
    trials: int
    """The trials to run."""
    spend: float
    """Seconds of the budget's unit."""
    effect: float
    """The smallest effect that is detected with 80 % power, in sd; NaN where seeds do not say."""
    fits: bool = True


@dataclass(frozen=True)
class Fitting:
    """A plan, the time of its trials, and the budget that they are to fit."""

    plan: Plan
    times: TrialTimes
    budget: Budget
    workers: int
    units: float = 1.0
    """Devices, or cores, that a trial holds."""

    @property
    def number(self) -> int:
        """How many of the missing trials end before the budget is spent, in the order of claims."""
        everything = self._missing(len(self.plan.arms), self._seeds)
        return sum(end <= self.budget.seconds for end in self._ends(everything))

    @property
    def whole(self) -> Choice:
        """The study as planned."""
        return self._choice("as planned", len(self.plan.arms), self._seeds)

    @property
    def choices(self) -> list[Choice]:
        """The study as planned, then what fits: by seeds, by arms, by epochs."""
        arms, seeds = len(self.plan.arms), self._seeds
        whole = self.whole
        # Seeds change nothing where given weights are evaluated.
        by_seeds = 0 if self.plan.evaluates_given_weights else self._most_seeds()
        rows = [whole]
        if by_seeds and by_seeds != seeds:
            rows.append(self._choice(_more("seeds", by_seeds > seeds), arms, by_seeds))
        if whole.fits:
            return rows
        by_arms = _most(lambda n: self._spend(self._missing(n, seeds)), arms, self.budget)
        if by_arms > 1:  # the baseline alone compares nothing
            rows.append(self._choice("fewer arms", by_arms, seeds))
        return [*rows, *self._fewer_epochs()]

    @property
    def _seeds(self) -> int:
        return len(self.plan.study.seeds)

    def _choice(self, name: str, arms: int, seeds: int) -> Choice:
        missing = self._missing(arms, seeds)
        spend, epochs = self._spend(missing), self.plan.baseline.epochs
        fits = spend <= self.budget.seconds
        return Choice(name, arms, seeds, epochs, len(missing), spend, self._effect(seeds), fits)

    def _effect(self, seeds: int) -> float:
        # Sequential seeds have a rule of their own, by which each comparison takes what it needs.
        counts = not (self.plan.study.sequential or self.plan.evaluates_given_weights)
        return smallest_effect(seeds) if counts and seeds > 1 else inf if counts else nan

    def _most_seeds(self) -> int:
        """The most seeds of every arm that fit, those that are finished among them."""
        arms = len(self.plan.arms)
        limits = self.plan.study.sequential
        most = limits.max if limits else MOST_SEEDS
        return _most(lambda n: self._spend(self._missing(arms, n)), most, self.budget)

    def _fewer_epochs(self) -> Iterable[Choice]:
        """Fewer epochs of every trial: other trials, of which none is finished."""
        arms, seeds = len(self.plan.arms), self._seeds
        each = {arm.epochs for arm in self.plan.arms}
        every = [self.times.seconds[arm.digest] for _ in range(seeds) for arm in self.plan.arms]
        # Where epochs are a factor, there is no one number to lower.
        if len(each) > 1 or self.plan.proposing or not every:
            return
        whole = self._spend(every)
        epochs = int(self.plan.baseline.epochs * self.budget.seconds / whole) if whole else 0
        if 0 < epochs < self.plan.baseline.epochs:
            spend = whole * epochs / self.plan.baseline.epochs
            yield Choice(
                "fewer epochs", arms, seeds, epochs, len(every), spend, self._effect(seeds)
            )

    def _missing(self, arms: int, seeds: int) -> list[float]:
        """Seconds of the trials that the first arms and seeds lack, in the order of claims."""
        chosen = self.plan.arms[:arms]
        tuning = [
            self.times.seconds[arm.digest]
            for arm in chosen
            for _ in range(self.times.tuning.get(arm.digest, 0))
        ]
        done = {trial.name for arm in chosen for trial in arm.trials if trial.done}
        # Tuning comes first, since seeds of an arm start from the values that it chooses. Seeds
        # beyond those of the study go on counting; only their number matters here.
        numbers = [*self.plan.study.seeds, *range(MOST_SEEDS, 2 * MOST_SEEDS)][:seeds]
        again = self.plan.study.aa_seeds[: min(seeds, self._seeds)]
        rows = list(tuning)
        for place, seed in enumerate(numbers):
            repeated = [again[place]] if place < len(again) else []
            for arm in chosen:
                names = [seed, *(repeated if arm is chosen[0] else [])]
                lacks = sum(f"{arm.digest}-{number}" not in done for number in names)
                rows += [self.times.seconds[arm.digest]] * lacks
        return rows

    def _spend(self, seconds: Sequence[float]) -> float:
        return max(self._ends(seconds), default=0.0)

    def _ends(self, seconds: Sequence[float]) -> list[float]:
        """The spend at the end of each trial: of device-hours, or by the clock of all workers."""
        # Device-hours add up whoever spends them; the clock runs for all workers at once.
        if self.budget.unit != "h":
            return list(accumulate(length * self.units for length in seconds))
        ends, busy = list[float](), list[float]()
        for length in seconds:
            # The worker that is free first claims the next trial.
            if len(busy) < self.workers:
                heappush(busy, length)
                ends.append(length)
            else:
                ends.append(busy[0] + length)
                heapreplace(busy, ends[-1])
        return ends


def _more(what: str, more: bool) -> str:
    return f"{'more' if more else 'fewer'} {what}"


def _most(spend: Callable[[int], float], most: int, budget: Budget) -> int:
    """The largest number up to `most` whose spend is within the budget; spend rises with it."""
    # The spend of all numbers is never computed: a study may have a thousand arms.
    return bisect_right(range(1, most + 1), budget.seconds, key=spend)
