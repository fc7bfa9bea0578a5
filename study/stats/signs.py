"""The sign-flip test: were the arms equal, each difference could as well have had the other sign.

It assumes that differences are independent and, of equal arms, symmetric about zero; no shape.
Fisher, "The design of experiments", 1935.
"""

from __future__ import annotations  # numpy is for reports: plans must start without it

from typing import TYPE_CHECKING, Any

from study.stats.intervals import ROUNDING

if TYPE_CHECKING:
    import numpy as np

    from study.stats.intervals import Numbers

    Matrix = np.ndarray[Any, np.dtype[np.floating[Any]]]

ENUMERATED = 20  # pairs; one more doubles the sums that an exact test looks at
DRAWS = 2**16 - 1  # of signs, where those are too many; with what was observed a power of two
AT_ONCE = 2**12


def smallest_p(seeds: int) -> float:
    """The smallest two-sided p that a sign-flip test of this many pairs can reach."""
    return float(min(1.0, 2.0 ** (1 - seeds))) if seeds <= ENUMERATED else 1 / (1 + DRAWS)


def sign_flip(differences: Numbers) -> float:
    """The two-sided p (n,) -> [0, 1] of all 2^n ways to sign the differences; NaN if one is NaN.

    Of more than `ENUMERATED` it is that of `DRAWS` ways, drawn with a fixed seed. What was observed
    counts among those, so that p is never 0 and never too small (Phipson and Smyth, 2010).
    """
    import numpy as np

    if not np.isfinite(differences).all():
        return float("nan")
    bound = abs(differences.sum()) - ROUNDING * np.abs(differences).sum()
    if len(differences) > ENUMERATED:
        return (1 + sum(int((s >= bound).sum()) for s in _drawn(differences))) / (1 + DRAWS)
    sums = np.zeros(1)
    for difference in differences:
        sums = np.concatenate([sums + difference, sums - difference])
    return float((np.abs(sums) >= bound).mean())


def _drawn(differences: Numbers) -> list[Matrix]:
    """The sizes of `DRAWS` sums of randomly signed differences, in portions."""
    import numpy as np

    chance = np.random.default_rng(0)
    portions = [AT_ONCE] * (DRAWS // AT_ONCE) + [DRAWS % AT_ONCE]
    shapes = ((rows, len(differences)) for rows in portions)
    return [np.abs(chance.choice([-1.0, 1.0], shape) @ differences) for shape in shapes]
