"""Two sides of a comparison, from seeds, single values and timings."""

import math

import pandas as pd

from study.analysis.quantities import DIFFERENCE, arm_values
from study.analysis.ranges import measured_range
from study.metrics.speed import Times
from study.metrics.summaries import spreads
from tests.catalogue import METRICS


def seeded(values):
    """Rows of seeds 0, 1, ..."""
    return pd.DataFrame({"seed": range(len(values)), "value": values, "low": None, "high": None})


def single(value, low=math.nan, high=math.nan):
    return pd.DataFrame({"seed": [None], "value": [value], "low": [low], "high": [high]})


def timed(rounds):
    """One throughput for each round."""
    spread = spreads({"batch": Times(1, [1 / rate for rate in rounds])})["throughput"]
    return single(spread.value, spread.low, spread.high)


def side(label, metric, rows, ratio=None):
    return arm_values(label, metric, rows, metric=METRICS[metric], ratio=ratio)


def between(a, b, metric="top1", quantity=DIFFERENCE, **options):
    return measured_range(quantity, side("A", metric, a), side("B", metric, b), **options)


# Ranges that overlap, and ratios that do not.
SLOW, FAST = single(100.0, 80, 120), single(110.0, 90, 130)


def compared(quantity, first, other, **options):
    sides = side("A", "throughput", FAST, first), side("B", "throughput", SLOW, other)
    return measured_range(quantity, *sides, **options)


def measured(kind, chance):
    """The rows of one arm, sometimes near those of another."""
    level = chance.choice([1.0, 1.01, 1.03])
    if kind == "quality":
        return seeded(level * 0.5 + chance.normal(0, 0.003, 3))
    return single(level) if kind == "once" else timed(level + chance.normal(0, 0.01, 5))


def two_arms(metric, chance):
    kind = kind_of(metric)
    parts = [measured(kind, chance).assign(arm=arm, metric=metric) for arm in "AB"]
    return pd.concat(parts).astype({"low": float, "high": float})


def kind_of(metric):
    return "once" if METRICS[metric].exact or metric == "memory" else METRICS[metric].kind
