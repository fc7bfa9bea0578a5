"""What was measured of one arm, or of two against each other: a value, and where it may lie.

A frame's rows in, a range out. Of quality the range is the t interval over seeds, paired by seed;
of a timing all that its rounds allow, of two that of their ratio where the session took one; of a
count the count. What is said of the range is for those who ask: verdicts by a margin, claims by a
span.
"""

from __future__ import annotations  # pandas is for reports: plans must start without it

import math
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from study import stats
from study.metrics import METRICS, Metric
from study.stats import CONFIDENCE

if TYPE_CHECKING:
    import pandas as pd

SPREAD = 0.01  # relative, either way, of what a timing session takes only once: peak memory

State = Literal["supported", "contradicted", "undecided"]


class Quantity(NamedTuple):
    of: Callable[..., Any]
    even: float
    """Of two arms that are equal."""


LEVEL = Quantity(operator.pos, math.nan)
DIFFERENCE = Quantity(operator.sub, 0.0)
RATIO = Quantity(operator.truediv, 1.0)
CHANGE = Quantity(lambda one, base: one / base - 1, 0.0)


class Span(NamedTuple):
    """All values from `low` to `high`, the ends included."""

    low: float
    high: float


class Ratio(NamedTuple):
    """To the baseline's, with its 95 % interval."""

    value: float = 1.0
    low: float = 1.0
    high: float = 1.0


@dataclass(frozen=True)
class Evidence:
    """Of one quantity; NaN is what cannot be told, and `note` says why."""

    note: str
    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    sd: float = math.nan
    """Over seeds, which only quality has."""
    confidence: float = CONFIDENCE

    @property
    def sign(self) -> int | None:
        """Of a difference: 0 if it is exactly none, None where the range leaves it open."""
        if self.low > 0 or self.high < 0:
            return 1 if self.low > 0 else -1
        return 0 if self.low == self.high else None

    def state(self, span: Span) -> State:
        if span.low <= self.low and self.high <= span.high:
            return "supported"
        return "contradicted" if self.high < span.low or span.high < self.low else "undecided"

    def seeds(self, span: Span) -> str:
        """In all, that would decide what is undecided; "" where seeds are not what it lacks."""
        if self.state(span) != "undecided" or math.isnan(self.sd):
            return ""
        needed = stats.seeds_needed(self.value, self.sd, *span, confidence=self.confidence)
        return str(needed or f"more than {stats.MOST_SEEDS}")

    def scaled(self, scale: float) -> Evidence:
        ends = {name: getattr(self, name) * scale for name in ("value", "low", "high", "sd")}
        return replace(self, **ends)


def deciding(seeds: str) -> str:
    return f"{seeds} seeds in all would decide, 4 times in 5"


@dataclass(frozen=True, eq=False)
class Side:
    """One arm, as one metric has measured it."""

    label: str
    name: str
    """Of the metric."""
    values: dict[int | None, float]
    """By seed; what has no seed is one value."""
    low: float = math.nan
    high: float = math.nan
    note: str = ""
    ratio: Ratio | None = None
    """Of what was timed between visits of the baseline, and 1 of the baseline itself."""

    @property
    def metric(self) -> Metric:
        return METRICS[self.name]

    @property
    def diverged(self) -> bool:
        return any(map(math.isnan, self.values.values()))


def ratios(frame: pd.DataFrame, name: str) -> dict[str, Ratio]:
    """Of one metric by arm, as `report.frame` has them beside its rows; empty without a session."""
    every = frame.attrs.get("ratios", {}).items()
    found = {arm: Ratio(r.value, r.low, r.high) for (arm, metric), r in every if metric == name}
    return {frame.attrs["baseline"]: Ratio(), **found} if found else {}


def side(label: str, name: str, rows: pd.DataFrame, ratio: Ratio | None = None) -> Side:
    """Of the rows of one arm and one metric; a quality's are NaN where a trial diverged."""
    if METRICS[name].kind == "quality":
        seeded = rows[rows["seed"].notna()].sort_values("seed")
        return Side(label, name, dict(zip(seeded["seed"], seeded["value"], strict=True)))
    found = rows.loc[rows["value"].notna(), ["value", "low", "high"]].head(1)
    if found.empty:
        return Side(label, name, {})
    value, low, high = map(float, found.iloc[0])
    if METRICS[name].exact:
        return Side(label, name, {None: value}, value, value)
    if math.isnan(low):
        ends = value * (1 - SPREAD), value * (1 + SPREAD)
        return Side(label, name, {None: value}, *ends, f"each ± {100 * SPREAD:g} %")
    return Side(label, name, {None: value}, low, high, "over all rounds", ratio)


def evidence(quantity: Quantity, *sides: Side, confidence: float = CONFIDENCE) -> Evidence:
    """What one metric says of a quantity of one side, or of two."""
    if obstacle := next(_obstacles(quantity, *sides), ""):
        return Evidence(obstacle)
    if _compared(*sides):
        return _by_ratio(quantity, *sides, confidence=confidence)
    if sides[0].metric.kind != "quality":
        return _ranged(quantity, *sides)
    if any(one.diverged for one in sides):
        return _fallen(quantity, *sides)
    return _sampled(quantity, *sides, confidence=confidence)


def _obstacles(quantity: Quantity, *sides: Side) -> Iterator[str]:
    """Why nothing can be told."""
    for one in sides:
        if not one.values:
            yield f"{one.name} of {one.label} is not measured"
        if one.metric.kind == "speed" and one.low == one.high and not _compared(*sides):
            yield f"{one.name} of {one.label} was timed in one round: no spread to judge by"
    if all(one.diverged for one in sides):
        yield f"{' and '.join(one.label for one in sides)} diverged"
    base = sides[-1]
    if quantity in (RATIO, CHANGE) and 0 in base.values.values():
        yield f"{base.name} of {base.label} is 0, which has no multiple"


def _compared(*sides: Side) -> bool:
    return len(sides) > 1 and all(one.ratio for one in sides)


def _by_ratio(quantity: Quantity, one: Side, other: Side, *, confidence: float) -> Evidence:
    """Of both ratios to the baseline, at the other's median.

    As if their errors were independent and normal in the logarithm: since they share visits of the
    baseline, the range is rather too wide than too narrow.
    """
    a, b = one.ratio or Ratio(), other.ratio or Ratio()
    wide = _reach(confidence) / _reach(CONFIDENCE)
    middle, base = a.value / b.value, other.values[None]
    below = math.exp(-wide * math.hypot(math.log(a.value / a.low), math.log(b.high / b.value)))
    above = math.exp(wide * math.hypot(math.log(a.high / a.value), math.log(b.value / b.low)))
    note = "by the ratio" + (f" at {100 * confidence:.4g} %" if confidence != CONFIDENCE else "")
    ends = (middle, middle * below, middle * above)
    return Evidence(note, *(float(quantity.of(end * base, base)) for end in ends))


def _reach(confidence: float) -> float:
    """Standard deviations from the middle to either end."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def _ranged(quantity: Quantity, *sides: Side) -> Evidence:
    """A count is what it is; what was timed lies anywhere between its ends."""
    value = float(quantity.of(*(one.values[None] for one in sides)))
    corners = [quantity.of(*ends) for ends in product(*((one.low, one.high) for one in sides))]
    return Evidence(sides[0].note, value, float(min(corners)), float(max(corners)))


def _fallen(quantity: Quantity, *sides: Side) -> Evidence:
    """What diverged is worse than what did not."""
    first = next(one for one in sides if one.diverged)
    falls = (first is sides[0]) == (first.metric.better == "higher")
    far = -math.inf if falls else math.inf
    ends = sorted((far, math.nextafter(quantity.even, far)))
    return Evidence(f"{first.label} diverged: worse, by no known amount", math.nan, *ends)


def _sampled(quantity: Quantity, *sides: Side, confidence: float) -> Evidence:
    """Seed by seed, with the t interval of the mean."""
    import numpy as np

    shared = [seed for seed in sides[0].values if seed in sides[-1].values]
    if not shared:
        return Evidence("no seed in common")
    sample = quantity.of(*(np.array([one.values[seed] for seed in shared]) for one in sides))
    note = f"{len(shared)} {'pair' if len(sides) > 1 else 'seed'}{'s' if len(shared) > 1 else ''}"
    mean, ends = float(sample.mean()), stats.interval(sample, confidence)
    if math.isnan(ends[0]):
        return Evidence(f"{note}: no spread to judge by", mean)
    if confidence != CONFIDENCE:
        note += f" at {100 * confidence:.4g} %"
    return Evidence(note, mean, *ends, float(sample.std(ddof=1)), confidence)
