"""Critical values of a paired t test that looks again after every seed, by numerical recursion.

Let u be the sum of n differences over sqrt(n times the sum of their squares): the cosine of the
angle between the differences and a constant, and t = sqrt(n - 1) u / sqrt(1 - u^2). If the true
difference is 0 and differences are normal, their direction is uniform on a sphere whatever their
standard deviation, and u is a Markov chain over n. Backwards in time, the last of n + 1 differences
(of unit length together) given u is

    d = u / sqrt(n + 1) + r sqrt(1 - u^2) sqrt(n / (n + 1)),

where r is a coordinate of a uniform direction in n dimensions, and the u before it is
(sqrt(n + 1) u - d) / sqrt(n (1 - d^2)). So the probability of having passed no earlier boundary,
as a function of u alone, follows from look to look by integrals over r, as Armitage, McPherson &
Rowe ("Repeated significance tests on accumulating data", 1969) do it for a known deviation.
"""

from __future__ import annotations  # numpy and scipy are for reports: plans must start without them

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from study.stats.per_image import Array

SPENDING = 2  # the exponent; chosen by seeds saved, docs/decisions/0023-sequential-seeds.md
# With these, nominal levels are exact to 0.2 % of themselves (relative), as finer grids show.
POINTS = 600  # of the grid over |u|
NODES = 24  # of the integral over r
MOST, LEAST, LEVELS = 0.5, 1e-8, 40  # of the table
BELOW_1 = 1 - 1e-15
RAREST = 1e-13  # two-sided p of the last point of a grid


class SpentLevels(NamedTuple):
    """Nominal levels, that is the usual two-sided p of the boundary, by look and level."""

    levels: Array
    """(L,), rising: the probability that any look passes its boundary if nothing differs."""
    nominal: Array
    """(looks, L), rising along each row."""


@lru_cache(maxsize=16)
def table(first: int, last: int) -> SpentLevels:
    """The nominal levels of looks at `first` to `last` seeds, at levels from 1e-8 to 0.5."""
    import numpy as np

    levels = np.geomspace(LEAST, MOST, LEVELS)
    return SpentLevels(levels, nominal_levels(first, last, levels))


def critical(first: int, last: int, level: float) -> Array:
    """The critical |t| of each look, (looks,), at a level within the table."""
    import numpy as np
    from scipy.special import stdtrit

    levels, nominal = table(first, last)
    if not LEAST <= level <= MOST:
        raise ValueError(f"no boundaries at the level {level}: {LEAST} to {MOST}")
    # At the first look a nominal level is a fixed share of the level, later nearly a power of it.
    at = [np.interp(np.log(level), np.log(levels), np.log(row)) for row in nominal]
    return -stdtrit(np.arange(first, last + 1) - 1, np.exp(at) / 2)


def level(first: int, last: int, n: int, t: float) -> float:
    """The level whose boundary at n seeds is |t|: a p that is valid at every look.

    1 above the levels of the table, and the least of them below.
    """
    import numpy as np
    from scipy.special import stdtr

    levels, nominal = table(first, last)
    p, row = 2 * stdtr(n - 1, -abs(t)), nominal[n - first]
    if not p <= row[-1]:
        return 1.0
    at = np.log(max(p, row[0]))
    return float(np.exp(np.interp(at, np.log(row), np.log(levels))))


def nominal_levels(first: int, last: int, levels: Array) -> Array:
    """The nominal levels at which each look spends its part of a level, (L,) -> (looks, L).

    By n seeds the share (n / `last`)^2 of a level is spent, a power family (Kim & DeMets, "Design
    and analysis of group sequential tests based on the type I error spending rate function",
    1987), so that all looks together reject a true null with the probability `level`.
    """
    import numpy as np
    from scipy.special import stdtrit

    unpassed: Array = np.ones((len(levels), POINTS))
    spent, rows = 0.0, []
    for n in range(first, last + 1):
        share = (n / last) ** SPENDING
        rows.append(_spending(n, unpassed, (share - spent) * levels))
        spent, t = share, -stdtrit(n - 1, rows[-1] / 2)
        if n < last:
            unpassed = _next(n, unpassed, t / np.hypot(t, np.sqrt(n - 1)))
    return np.array(rows)


def _grid(n: int) -> Array:
    """Values of artanh |u|, evenly spaced: tails of u are powers of 1 - u."""
    import numpy as np
    from scipy.special import stdtrit

    return np.linspace(0, np.arcsinh(-stdtrit(n - 1, RAREST / 2) / np.sqrt(n - 1)), POINTS)


def _spending(n: int, unpassed: Array, rates: Array) -> Array:
    """The nominal levels at which look n is the first to reject at the given rates, (L,) -> (L,).

    `unpassed` is the probability, by level and point of the grid, that no earlier look rejected.
    """
    import numpy as np
    from scipy.special import stdtr

    p = 2 * stdtr(n - 1, -np.sinh(_grid(n)) * np.sqrt(n - 1))
    between = (unpassed[:, :-1] + unpassed[:, 1:]) / 2
    tails = np.cumsum((between * (p[:-1] - p[1:]))[:, ::-1], axis=1)[:, ::-1]
    tails = np.pad(tails, ((0, 0), (0, 1)))
    # The last grid point whose tail still has the rate, then exactly within its interval.
    place = np.minimum((tails >= rates[:, None]).sum(axis=1) - 1, POINTS - 2)
    row = np.arange(len(rates))
    beyond: Array = p[place + 1] + (rates - tails[row, place + 1]) / between[row, place]
    return beyond


def _next(n: int, unpassed: Array, bound: Array) -> Array:
    """`unpassed` at n + 1 seeds, given it at n and the bound of |u| there: (L, P) -> (L, P)."""
    import numpy as np

    return np.array([_integral(n, row, end) for row, end in zip(unpassed, bound, strict=True)])


def _integral(n: int, unpassed: Array, bound: float) -> Array:
    """The same at a single level: (P,) -> (P,)."""
    import numpy as np
    from scipy.special import beta

    u = np.tanh(_grid(n + 1))[:, None]  # (P, 1)
    centre, side = u / np.sqrt(n + 1), np.sqrt((1 - u * u) * n / (n + 1))
    # |u before| < bound is a quadratic inequality in d: its solutions are one interval, or none.
    square = n * bound**2
    inside = 1 + square - (n + 1) * u * u
    reach = np.sqrt(square * np.maximum(inside, 0))
    ends = [(np.sqrt(n + 1) * u + sign * reach) / (1 + square) for sign in (-1, 1)]
    # r is the sine of an angle, which removes the singularity of its density at n = 2.
    low, high = (np.arcsin(np.clip((end - centre) / side, -1, 1)) for end in ends)
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    angle = (low + high) / 2 + (high - low) / 2 * nodes  # (P, NODES)
    d = centre + side * np.sin(angle)
    before = np.abs(np.sqrt(n + 1) * u - d) / np.sqrt(n * (1 - d * d))
    values = np.interp(np.arctanh(np.minimum(before, BELOW_1)), _grid(n), unpassed)
    integral = (values * np.cos(angle) ** (n - 2)) @ weights * ((high - low) / 2)[:, 0]
    return np.where(inside[:, 0] > 0, integral / beta(0.5, (n - 1) / 2), 0.0)
