"""Decimals of qualities: those that the spread allows, and those that an interval needs."""

import math
from collections.abc import Iterable
from dataclasses import replace

from study.format.numbers import SIGNIFICANT, decimals
from study.spec.metric import Metric

MOST = 10  # decimals in print
READ = 7  # significant digits of a mean


def readable(metric: Metric, means: Iterable[float], spreads: Iterable[float]) -> Metric:
    """A quality with the decimals that suit a narrow column.

    The largest value has at least three significant digits and the typical spread two, and there
    are never more decimals than the metric has. Decimals that the study file gives stay.
    """
    if metric.digits_given:
        return metric
    scaled = [abs(value * metric.scale) for value in means if math.isfinite(value)]
    # A zero is a spread of equal values, or of one, and says nothing about others.
    spread = sorted(value * metric.scale for value in spreads if math.isfinite(value) and value)
    # Without a spread nothing says which digits are noise.
    if not scaled or not spread or not max(scaled):
        return metric
    least = decimals(max(scaled), SIGNIFICANT)
    wanted = max(least, decimals(spread[len(spread) // 2], 2))
    return replace(metric, digits=min(metric.digits, wanted))


def of_one_precision(metric: Metric, values: Iterable[float]) -> Metric:
    """A quality with the decimals in which no end of an interval is printed as zero.

    Two more than the metric has at most: "+0.68 [0.02, 1.35]" and not "+0.7 [0.02, 1.4]".
    """
    numbers = [value * metric.scale for value in values]
    if metric.kind != "quality" or not all(map(math.isfinite, numbers)):
        return metric
    # Around zero an end that rounds to zero says all there is to say.
    if min(numbers) <= 0 <= max(numbers):
        return metric
    wanted = max(decimals(value, 1) for value in numbers)
    few = metric.digits < wanted <= metric.digits + 2
    return replace(metric, digits=wanted) if few else metric


def of_spread(metric: Metric, mean: float, sd: float) -> Metric:
    """A quality with the decimals in which a standard deviation is not printed as zero.

    "0.0000126 ± 0.0000006" and not "0.00001 ± 6.11e−7"; as it is where the mean has too many then.
    """
    size, spread = abs(mean * metric.scale), abs(sd * metric.scale)
    if metric.kind != "quality" or not (size and spread and math.isfinite(size * spread)):
        return metric
    wanted = -int(f"{spread:.0e}".partition("e")[2])
    before = math.floor(math.log10(size)) + 1  # digits of the mean before its point
    if round(spread, metric.digits) or wanted > MOST or wanted + before > READ:
        return metric
    return replace(metric, digits=wanted)
