"""How many times as much one arm takes as the baseline, when the machine changes under both.

An arm's visit lies between two visits of the baseline. What slows all three by the same factor
falls out of the ratio, and what changes steadily from the first to the third does too. Visits near
in time share what is left, so rounds are drawn in blocks, not one by one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

DRAWS = 2000
TAILS = (0.025, 0.975)
LEAST = 8
"""Rounds, below which no interval is given."""

Between = tuple[float, float, float]
"""Seconds of one call: of the baseline before, of the arm, of the baseline after."""


@dataclass(frozen=True)
class Ratio:
    """Of seconds, arm by baseline, with its 95 % interval."""

    value: float
    low: float
    high: float
    rounds: int

    def conclusive(self, resolution: float) -> bool:
        """Whether the interval is no wider than `resolution`, relative to its middle."""
        return math.log(self.high / self.low) <= resolution

    @property
    def inverse(self) -> "Ratio":
        """Of what is done in a second."""
        return Ratio(1 / self.value, 1 / self.high, 1 / self.low, self.rounds)


def ratio(visits: Sequence[Between], *, seed: int = 0) -> Ratio | None:
    """The median over rounds, with a bootstrap interval of moving blocks that wrap round.

    The median shrugs off rounds that something else fell into. Blocks are the cube root of the
    rounds long, twice that where neighbours are alike, and so few of them spread too little, which
    is made up for. 95 % intervals held the truth in 94 of 100 simulated sessions of 20 or 40 rounds
    and in 89 of 8; where neighbouring rounds correlate by 0.3 in 89 to 91, by 0.5 in 84 to 87.
    None of fewer than `LEAST` rounds.
    """
    if len(visits) < LEAST:
        return None
    before, arm, after = np.log(np.array(visits, dtype=float)).T
    logs = arm - (before + after) / 2
    middle, length = np.median(logs), _length(logs)
    drawn = _medians(logs, length, np.random.default_rng(seed)) - middle
    ends = np.quantile(drawn, TAILS) * math.sqrt(len(logs) / (len(logs) - length))
    low, value, high = np.exp([middle + min(ends[0], 0), middle, middle + max(ends[1], 0)])
    return Ratio(float(value), float(low), float(high), len(logs))


def _medians(
    logs: npt.NDArray[np.float64], length: int, draw: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Of rounds drawn anew, in blocks of `length`, `DRAWS` times."""
    count = len(logs)
    blocks = math.ceil(count / length)
    starts = draw.integers(count, size=(DRAWS, blocks, 1))
    places = (starts + np.arange(length)) % count
    return np.median(logs[places.reshape(DRAWS, -1)[:, :count]], axis=1)


def _length(logs: npt.NDArray[np.float64]) -> int:
    """Of a block."""
    plain = round(len(logs) ** (1 / 3))
    centred = logs - logs.mean()
    spread = float(centred @ centred)
    alike = spread > 0 and float(centred[1:] @ centred[:-1]) / spread > 2 / math.sqrt(len(logs))
    return min(len(logs) // 2, plain * 2 if alike else plain)
