"""Ratios of times, arm by baseline, on a machine whose speed varies.

An arm's visit lies between two visits of the baseline. A slowdown that affects all three alike
cancels in the ratio, and so does one that changes steadily from the first to the third. What does
not cancel is where the weights and buffers of two models lie in memory: it lasts as long as the
models do. So the unit of an interval is the build, for which all models are built anew.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

TAIL = 0.975  # of a 95 % interval
TRIMMED = 0.2
"""Fraction of builds, and of rounds in a build, that a trimmed mean leaves out at either end."""
FEWEST_BUILDS = 3
"""Builds below which there is no interval; of two, a t interval is 12.7 standard errors wide."""
ENOUGH_BUILDS = 8
"""Builds that a session takes where time allows, and that are left once disturbed ones are out."""
MOST_ALIKE = 0.6
"""Correlation of neighbouring builds above which an interval is not widened further."""
WAITED = 0.05
"""Largest fraction of a visit that threads may wait for a CPU: alone on a machine they wait for 1 %
of it, beside another busy process for 50 %."""

Between = tuple[float, float, float]
"""Seconds per call of the baseline before, the arm, and the baseline after."""


@dataclass(frozen=True)
class Ratio:
    """Ratio of seconds, arm by baseline, with its 95 % interval."""

    value: float
    low: float
    high: float
    builds: int

    @property
    def inverse(self) -> "Ratio":
        """The ratio of rates (work per second)."""
        return Ratio(1 / self.value, 1 / self.high, 1 / self.low, self.builds)

    @property
    def excludes_one(self) -> bool:
        return not self.low <= 1 <= self.high

    def widened(self, again: "Ratio | None") -> "Ratio":
        """Wider by the ratio of the baseline to itself, where that one's interval excludes 1.

        What tells two equal models apart may do as much to any other two.
        """
        if again is None or not again.excludes_one:
            return self
        factor = max(again.value, 1 / again.value)
        return Ratio(self.value, self.low / factor, self.high * factor, self.builds)


def ratio(visits: Sequence[Between], builds: Sequence[int]) -> Ratio | None:
    """The trimmed mean over builds, with its t interval (Tukey and McLaughlin, 1963).

    `builds` has the build of each round of `visits`, in ascending order. The value of a build is
    the trimmed mean of its rounds, and holds the noise of rounds as well; the standard error is
    that of the winsorized values, so one disturbed build moves neither end far. It is widened where
    neighbouring builds resemble each other. Measured coverage in simulated sessions of 8 to 40
    builds: 96-98 % with normal noise, heavy tails or spikes; 93-95 % where neighbouring builds
    correlate by 0.3, 90-95 % by 0.5. None for fewer than `FEWEST_BUILDS` builds.
    """
    logs = _by_build(visits, builds)
    if len(logs) < FEWEST_BUILDS:
        return None
    middle, reach = float(_middle(logs)), _reach(logs)
    low, value, high = (math.exp(end) for end in (middle - reach, middle, middle + reach))
    return Ratio(value, low, high, len(logs))


def builds_needed(taken: Ratio, resolution: float) -> int:
    """The builds after which an interval is expected to be as wide as `resolution`."""
    # The width falls with the root of the number; that of t with more builds falls faster.
    width = math.log(taken.high / taken.low)
    return math.ceil(taken.builds * (width / resolution) ** 2)


def undisturbed(
    visits: Sequence[Between], waited: Sequence[float], builds: Sequence[int]
) -> tuple[Sequence[Between], Sequence[int]]:
    """The rounds, and their builds, that other processes did not disturb.

    All of them if fewer than `ENOUGH_BUILDS` builds are left. Models lose unequally to a busy CPU,
    so this does not cancel in the ratio. Rounds are selected by how long threads `waited`;
    selecting by their time would favour low values.
    """
    # `not >` instead of `<=`, so that rounds whose wait is unknown (NaN) stay.
    alone = [number for number, share in enumerate(waited) if not share > WAITED]
    left = [builds[number] for number in alone]
    if len({*left}) < ENOUGH_BUILDS:
        return visits, builds
    return [visits[number] for number in alone], left


def _by_build(visits: Sequence[Between], builds: Sequence[int]) -> npt.NDArray[np.float64]:
    """The logarithm of the ratio in each build, (builds,)."""
    # In logarithms, a ratio of 2 and one of 1/2 are equally far from 1.
    logs = [math.log(arm) - math.log(before * after) / 2 for before, arm, after in visits]
    pairs = groupby(zip(builds, logs, strict=True), key=lambda pair: pair[0])
    return np.array([_middle(np.array([log for _, log in own])) for _, own in pairs])


def _middle(logs: npt.NDArray[np.float64]) -> float:
    """The trimmed mean."""
    left_out = int(TRIMMED * len(logs))
    return float(np.sort(logs)[left_out : len(logs) - left_out].mean())


def _reach(logs: npt.NDArray[np.float64]) -> float:
    """Half of the width of the interval around a trimmed mean."""
    count = len(logs)
    left_out = int(TRIMMED * count)
    ordered = np.sort(logs)
    winsorized = np.clip(logs, ordered[left_out], ordered[count - 1 - left_out])
    inside = count - 2 * left_out
    error = float(winsorized.std(ddof=1)) * math.sqrt(count) / inside
    return float(stdtrit(inside - 1, TAIL)) * error * _likeness(logs)


def _likeness(logs: npt.NDArray[np.float64]) -> float:
    """The factor for builds that resemble their neighbours: of a process AR(1), as the correlation
    of their ranks estimates it."""
    ranks = logs.argsort().argsort() - (len(logs) - 1) / 2
    alike = float(ranks[1:] @ ranks[:-1]) / float(ranks @ ranks)
    # Few builds show less than there is: (1 + 3 r) / n less (Marriott and Pope, 1954).
    alike = (len(logs) * alike + 1) / max(len(logs) - 3, 1)
    alike = min(max(alike, 0.0), MOST_ALIKE)
    return math.sqrt((1 + alike) / (1 - alike))
