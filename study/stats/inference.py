"""Inference: how an interval and a test are taken from one value per seed.

Contract: an inference has an interval of a mean, a second interval that assumes no shape, the
sign-flip test and the t test of differences paired by seed. `FIXED` is that of a number of seeds
that was fixed in advance; a number that depends on results needs another one. `UNPAIRED` is that of
replicates that share no seeds, whose differences are `Independent` and have Welch's interval.
"""

from __future__ import annotations  # numpy and scipy are for reports: plans must start without them

from typing import TYPE_CHECKING, ClassVar, Protocol

from study.stats.independent import Independent
from study.stats.intervals import CONFIDENCE, bca, interval, varies
from study.stats.sign_flip import sign_flip

if TYPE_CHECKING:
    from study.stats.intervals import Numbers


class Inference(Protocol):
    """Intervals and two-sided p values of samples (n,); NaN where there is none."""

    name: ClassVar[str]
    """The kind of its intervals in words."""
    paired: ClassVar[bool]
    """True if arms are compared seed by seed."""

    def interval(self, sample: Numbers, confidence: float | None = None) -> tuple[float, float]: ...
    def bca(self, sample: Numbers) -> tuple[float, float]: ...
    def sign_flip(self, differences: Numbers) -> float: ...
    def t_test(self, differences: Numbers) -> float: ...


class FixedSeeds:
    """The inference from a number of seeds that no result has decided."""

    name: ClassVar[str] = "95 % interval"
    paired: ClassVar[bool] = True

    def interval(self, sample: Numbers, confidence: float | None = None) -> tuple[float, float]:
        """The t interval."""
        return interval(sample, CONFIDENCE if confidence is None else confidence)

    def bca(self, sample: Numbers) -> tuple[float, float]:
        return bca(sample)

    def sign_flip(self, differences: Numbers) -> float:
        # The p of one pair would be 1 whatever the effect.
        return sign_flip(differences) if len(differences) > 1 else float("nan")

    def t_test(self, differences: Numbers) -> float:
        """The paired t test."""
        return t_test(differences)


class UnpairedSeeds(FixedSeeds):
    """The inference from replicates that share no seeds; the interval of one arm is the same."""

    name: ClassVar[str] = "95 % interval"
    paired: ClassVar[bool] = False


def sample_interval(
    sample: Numbers | Independent, how: Inference, confidence: float | None = None
) -> tuple[float, float]:
    """The interval of a mean or of a weighted sum of means."""
    if isinstance(sample, Independent):
        return sample.interval(CONFIDENCE if confidence is None else confidence)
    return how.interval(sample, confidence)


def sample_p(sample: Numbers | Independent, how: Inference) -> float:
    """The p of the paired t test, or of Welch's where nothing is paired."""
    return sample.p if isinstance(sample, Independent) else how.t_test(sample)


def t_test(differences: Numbers) -> float:
    """The two-sided p of the paired t test, (n,) -> [0, 1]; NaN without a spread."""
    import numpy as np
    from scipy.special import stdtr

    if not varies(differences):
        return float("nan")
    n = len(differences)
    t = differences.mean() / differences.std(ddof=1) * np.sqrt(n)
    return float(2 * stdtr(n - 1, -abs(t)))


# The default everywhere: most studies fix their seeds in advance.
FIXED = FixedSeeds()
UNPAIRED = UnpairedSeeds()
