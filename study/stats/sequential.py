"""Sequential seeds: contrasts that get seeds one at a time until they are decided.

After every seed from `min` to `max` there is a look at each contrast, that is at its differences
paired by seed. Differences are taken as normal and independent over seeds, as by the t interval.

*One contrast.* A group-sequential paired t test (Jennison & Turnbull, "Group Sequential Methods",
2000) spends its level over the looks (Lan & DeMets, "Discrete sequential boundaries for clinical
trials", 1983), with boundaries that are exact for few seeds (`t_boundaries`). The sequential p is
the least level at which any look so far rejects. If nothing differs it is at most a with the
probability a at most, over all looks together: so it may be read at any look, for any reason.

*All contrasts.* A false decision at any look needs a sequential p of a contrast without a
difference that is at some time at most alpha / k, where k such contrasts exist: as long as only
contrasts that do differ are decided, Holm's divisor is at least k. The probability of that is at
most k alpha / k, however the contrasts depend on each other (they share the baseline and seeds) and
wherever each of them stops. As with Holm's method for a fixed number of seeds, this is proven for
differences that are zero; that it holds for wrong signs and for margins, too, is shown by
simulation only (`benchmarks/sequential.py`).

*Intervals.* Repeated confidence intervals (Jennison & Turnbull, "Interim analyses: the repeated
confidence interval approach", 1989) hold at all looks together, hence wherever a contrast stops.
"""

from __future__ import annotations  # numpy and scipy are for reports: plans must start without them

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from math import isnan, nan, sqrt
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple, TypeVar

from study.stats.contrasts import holm
from study.stats.intervals import ALPHA, UNDEFINED, varies
from study.stats.t_boundaries import critical, level

if TYPE_CHECKING:
    from study.stats.intervals import Numbers

State = Literal["different", "equal", "beyond", "undecided"]
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Rule:
    """A look after every seed from `min` to `max`, all with the family-wise error rate `alpha`.

    Two seeds have an interval, but spend error on a t with one degree of freedom that must exceed
    300, which only equal values of a coarse metric reach: 3 is the least that is of use.
    """

    min: int
    max: int
    alpha: float = ALPHA

    def __post_init__(self) -> None:
        if not 2 <= self.min <= self.max:
            raise ValueError(f"seeds from {self.min} to {self.max}: 2 <= min <= max is needed")
        if not 0 < self.alpha <= ALPHA:
            raise ValueError(f"alpha is {self.alpha}: above 0 and at most {ALPHA:.2g} is needed")


@dataclass(frozen=True)
class Decision:
    """The state of a contrast after its last look, or when it was decided."""

    state: State
    """`different` from 0; with a margin instead `equal` (within it) or `beyond` it."""
    seeds: int
    """The seeds at that look; 0 before the first. Later seeds change nothing."""
    p: float
    """The sequential p of this contrast alone; NaN if a trial failed before it was decided."""
    holm: float
    """`p` corrected for the family at the last look of all."""


UNSEEN = Decision("undecided", 0, 1.0, 1.0)


def sequential_p(differences: Numbers, rule: Rule, margin: float = 0.0) -> float:
    """The p, valid at any look, that differences (n,) in the order of seeds differ from a margin.

    The margin has a sign on either side; 0 asks for a difference. 1 before `min` seeds, NaN after a
    trial that failed (NaN). Looks end with `max` seeds. A look without a spread shows nothing.
    """
    seen = _looks(differences, rule, margin)
    return seen[-1].p if seen else 1.0


def repeated_interval(differences: Numbers, rule: Rule, tests: int = 1) -> tuple[float, float]:
    """The interval of the mean (n,) -> (low, high) that holds wherever sampling stops.

    All intervals of `tests` contrasts hold together at all looks with the probability 1 - alpha
    (Bonferroni). Holm's method decides at a milder level once others are decided, so a contrast
    that is decided late may have 0 in its interval. NaN before `min` seeds, after a failed trial
    and without a spread; seeds after `max` are not used.
    """
    import numpy as np

    sample = np.asarray(differences[: rule.max], float)
    n = len(sample)
    if n < rule.min or not varies(sample):
        return UNDEFINED
    t = critical(rule.min, rule.max, rule.alpha / tests)[n - rule.min]
    mean, reach = sample.mean(), t * sample.std(ddof=1) / sqrt(n)
    return float(mean - reach), float(mean + reach)


def decided(
    differences: Mapping[Key, Numbers],
    rule: Rule,
    margins: Mapping[Key, float] | None = None,
    *,
    other_tests: int = 0,
) -> dict[Key, Decision]:
    """The state of every contrast, from its differences (n,) in the order of seeds.

    A contrast without a margin is decided if it differs from 0; a contrast with one if its interval
    lies wholly within the margin or wholly beyond it. All contrasts are looked at together: the
    look at n seeds waits until each undecided contrast has n, and later seeds of a decided contrast
    are not used. So the states depend on the values alone, not on the order in which trials end,
    and more seeds never reverse a decision. NaN stands for a trial that failed: its contrast stays
    undecided, gets no further seeds, and counts in the correction. `other_tests` are tests of the
    same family that are not among these.
    """
    import numpy as np

    margins = margins or {}
    looks = {key: _looks(row, rule, margins.get(key, 0.0)) for key, row in differences.items()}
    states = dict.fromkeys(differences, UNSEEN)
    for n in range(rule.min, rule.max + 1):
        undecided = [key for key, now in states.items() if _is_open(now)]
        if not undecided or any(len(differences[key]) < n for key in undecided):
            break
        seen = {key: looks[key][n - rule.min] for key in undecided}
        states |= {key: Decision("undecided", n, look.p, nan) for key, look in seen.items()}
        # Of all contrasts: one that is decided keeps its p, and its place in the family.
        p = holm(np.array([now.p for now in states.values()]), other_tests=other_tests)
        states = {
            key: replace(now, holm=own)
            for (key, now), own in zip(states.items(), p.tolist(), strict=True)
        }
        states |= {
            key: replace(states[key], state=look.state)
            for key, look in seen.items()
            if states[key].holm <= rule.alpha
        }
    return states


def seeds_wanted(states: Mapping[Key, Decision], rule: Rule) -> dict[Key, int]:
    """The seeds that each contrast needs for the next look, or had when it was decided."""
    return {
        key: min(max(rule.min, now.seeds + 1), rule.max) if _is_open(now) else now.seeds
        for key, now in states.items()
    }


def _is_open(now: Decision) -> bool:
    """True where another look may decide: no trial has failed, and none has decided yet."""
    return now.state == "undecided" and not isnan(now.p)


class Look(NamedTuple):
    """The evidence of all looks at a contrast so far, which only grows."""

    p: float
    """The sequential p."""
    state: State
    """The state that a small p shows: on which side of the margin the differences lie."""


def _looks(differences: Numbers, rule: Rule, margin: float) -> list[Look]:
    """The looks at a contrast, from `min` seeds on."""
    import numpy as np

    least, looks = Look(1.0, "undecided"), []
    for n in range(rule.min, min(rule.max, len(differences)) + 1):
        sample = np.asarray(differences[:n], float)
        if np.isnan(sample).any():
            least = Look(nan, "undecided")
        elif varies(sample):
            size, error = abs(sample.mean()), sample.std(ddof=1) / sqrt(n)
            p = level(rule.min, rule.max, n, abs(size - margin) / error)
            least = min(least, Look(p, _side(size, margin)), key=lambda look: look.p)
        looks.append(least)
    return looks


def _side(size: float, margin: float) -> State:
    if size < margin:
        return "equal"
    return "beyond" if margin else "different"


@dataclass(frozen=True)
class SequentialInference:
    """The inference from seeds that were added until contrasts were decided."""

    rule: Rule
    tests: int
    """The tests of the family, whose intervals hold together."""
    name: ClassVar[str] = "repeated 95 % interval"
    paired: ClassVar[bool] = True

    def interval(self, sample: Numbers, confidence: float | None = None) -> tuple[float, float]:
        """The repeated interval, which holds wherever seeds end; None: for all tests at once."""
        if confidence is None:
            return repeated_interval(sample, self.rule, self.tests)
        return repeated_interval(sample, replace(self.rule, alpha=min(1 - confidence, ALPHA)))

    def bca(self, sample: Numbers) -> tuple[float, float]:
        """No interval: the bootstrap knows nothing of looks."""
        return UNDEFINED

    def sign_flip(self, differences: Numbers) -> float:
        """No p: with other signs, looks would have led to other seeds."""
        return nan

    def t_test(self, differences: Numbers) -> float:
        """The sequential p of the paired t test."""
        return sequential_p(differences, self.rule)
