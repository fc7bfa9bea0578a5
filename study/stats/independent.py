"""Independent groups: weighted sums of means whose values share no seeds, by Welch's method.

Welch, "The generalization of 'Student's' problem when several different population variances are
involved", Biometrika 1947; the degrees of freedom are Satterthwaite's (Biometrics Bulletin 1946).
"""

from __future__ import annotations  # numpy and scipy are for reports: plans must start without them

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from study.stats.intervals import CONFIDENCE, UNDEFINED, variance, varies

if TYPE_CHECKING:
    from study.stats.intervals import Numbers


@dataclass(frozen=True, eq=False)
class Independent:
    """A weighted sum of the means of groups, (n_1,) ... (n_k,); a difference has weights 1, -1."""

    weights: Sequence[float]
    groups: Sequence[Numbers]

    @property
    def n(self) -> int:
        """The size of the smallest group."""
        return min(map(len, self.groups), default=0)

    @property
    def mean(self) -> float:
        """The weighted sum; NaN without a value in every group."""
        parts = (w * g.mean() for w, g in self._pairs) if self.n else (float("nan"),)
        return float(sum(parts))

    @property
    def sd(self) -> float:
        """The standard deviation of the sum of one value of each group."""
        if self.n < 2:
            return float("nan")
        return float(sum(w**2 * variance(g) for w, g in self._pairs) ** 0.5)

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """The interval (low, high) with Satterthwaite's degrees of freedom; NaN without a spread.

        In simulations of two normal groups of three to ten values, with up to four times the
        standard deviation in one, it holds the truth in 93.5 to 96.5 of 100 studies.
        """
        from scipy.special import stdtrit

        error, freedom = self._error
        if not error > 0:  # NaN, too
            return UNDEFINED
        reach = stdtrit(freedom, (1 + confidence) / 2) * error
        return float(self.mean - reach), float(self.mean + reach)

    @property
    def p(self) -> float:
        """The two-sided p of the hypothesis that the sum is zero; NaN without a spread."""
        from scipy.special import stdtr

        error, freedom = self._error
        if not error > 0:
            return float("nan")
        return float(2 * stdtr(freedom, -abs(self.mean) / error))

    @cached_property
    def _error(self) -> tuple[float, float]:
        """The standard error of the sum, and its degrees of freedom."""
        # One value has no variance, and equal values are what a coarse metric gives.
        if self.n < 2 or not any(varies(group) for group in self.groups):
            return UNDEFINED
        parts = [w**2 * g.var(ddof=1) / len(g) for w, g in self._pairs]
        total = sum(parts)
        own = sum(part**2 / (len(g) - 1) for part, g in zip(parts, self.groups, strict=True))
        # Not finite where a trial diverged.
        return (float(total**0.5), float(total**2 / own)) if own > 0 else UNDEFINED

    @property
    def _pairs(self) -> list[tuple[float, Numbers]]:
        return list(zip(self.weights, self.groups, strict=True))
