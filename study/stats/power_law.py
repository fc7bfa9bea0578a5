"""The power law that points follow, if they follow one."""

import math
from itertools import pairwise

FEWEST_POINTS = 3  # two points always fit a power law
APART = 0.05  # largest deviation of a single step's exponent from the common one


def exponent(points: list[tuple[float, float]]) -> float:
    """Exponent of the power law through points (x, y); NaN if they do not follow one."""
    # Two points of one x have no slope between them.
    if len(points) < FEWEST_POINTS or len({x for x, _ in points}) < len(points):
        return math.nan
    # A power law is a straight line on logarithmic axes, and its exponent the slope.
    logs = [(math.log(x), math.log(y)) for x, y in points]
    steps = [(y1 - y0) / (x1 - x0) for (x0, y0), (x1, y1) in pairwise(logs)]
    # By the ends alone: a fit would average over the bend that tells a sum of powers.
    middle = (logs[-1][1] - logs[0][1]) / (logs[-1][0] - logs[0][0])
    return middle if all(abs(step - middle) <= APART for step in steps) else math.nan
