"""What was measured of the arms that a claim compares: a value, and the range it may be in."""

from __future__ import annotations  # pandas is for reports: plans must start without it

import math
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from study import cells, stats
from study.metrics import METRICS, Metric

if TYPE_CHECKING:
    import pandas as pd

SPREAD = 0.01  # relative, either way, of what a timing session takes only once: peak memory
MORE_DIGITS = 6  # at most, to tell a number from a bound that it misses

State = Literal["supported", "contradicted", "undecided"]


class Quantity(NamedTuple):
    of: Callable[..., Any]
    even: float
    """Of two arms that are equal."""


LEVEL = Quantity(operator.pos, math.nan)
DIFFERENCE = Quantity(operator.sub, 0.0)
RATIO = Quantity(operator.truediv, 1.0)


class Shape(NamedTuple):
    """How a quantity is printed."""

    scale: float
    digits: int
    unit: str
    signed: bool = False


def shape(quantity: Quantity, metric: Metric) -> Shape:
    if quantity is RATIO:
        return Shape(1.0, 2, "x")
    signed = quantity is DIFFERENCE
    unit = "pp" if signed and metric.unit == "%" else metric.unit
    return Shape(metric.scale, metric.digits, unit, signed)


class Span(NamedTuple):
    """All values from `low` to `high`, the ends included."""

    low: float
    high: float


ABOVE = math.ulp(0.0)
"""The least number above zero: "more than" as an end that is included."""


@dataclass(frozen=True)
class Evidence:
    """Of one quantity, in base units; NaN is what cannot be told, and `note` says why."""

    shape: Shape
    note: str
    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    sd: float = math.nan

    @property
    def size(self) -> float:
        return math.inf if math.isnan(self.value) else abs(self.value)

    def state(self, span: Span) -> State:
        if span.low <= self.low and self.high <= span.high:
            return "supported"
        return "contradicted" if self.high < span.low or span.high < self.low else "undecided"

    def told(self, span: Span) -> str:
        if math.isnan(self.value):
            return self.note
        ends = [self.value, self.low, self.high] if self.low < self.high else [self.value]
        scale, _, unit, signed = self.shape
        digits = self._digits(ends, span)
        value = cells.number(self.value * scale, digits, signed=signed)
        spread = ", ".join(cells.number(end * scale, digits) for end in ends[1:])
        shown = value + (unit if unit == "x" else f" {unit}".rstrip())
        shown += f" [{spread}]" if spread else ""
        return ", ".join(filter(None, [shown, self.note, self._lacking(span)]))

    def _digits(self, ends: list[float], span: Span) -> int:
        """As many as tell the numbers from the bounds that they are not equal to."""
        scale, fewest, *_ = self.shape
        pairs = [(e * scale, b * scale) for e, b in product(ends, span) if abs(e - b) > ABOVE]
        for digits in range(fewest, fewest + MORE_DIGITS):
            if all(round(end, digits) != round(bound, digits) for end, bound in pairs):
                return digits
        return fewest + MORE_DIGITS

    def _lacking(self, span: Span) -> str:
        if self.state(span) != "undecided" or not math.isfinite(self.low + self.sd):
            return ""
        needed = stats.seeds_needed(self.value, self.sd, low=span.low, high=span.high)
        return f"{needed or f'> {stats.MOST_SEEDS}'} seeds in all would probably decide"


@dataclass(frozen=True)
class Measured:
    """The rows of one metric."""

    name: str
    rows: pd.DataFrame
    arms: Mapping[str, str]

    @property
    def metric(self) -> Metric:
        return METRICS[self.name]

    def directed(self, span: Span) -> Span:
        """Of the difference, where `span` is of how far the one is better than the other."""
        return span if self.metric.better == "higher" else Span(-span.high, -span.low)

    def others(self, arm: str) -> list[str]:
        """Of every other arm of the study its first label."""
        first = {digest: label for label, digest in reversed(list(self.arms.items()))}
        return [label for digest, label in first.items() if digest != self.arms[arm]]

    def judged(self, quantity: Quantity, span: Span, *labels: str) -> tuple[State, str]:
        found = self.evidence(quantity, *labels)
        return found.state(span), found.told(span)

    def evidence(self, quantity: Quantity, *labels: str) -> Evidence:
        """What is known of a quantity of one arm, or of two."""
        found = partial(Evidence, shape(quantity, self.metric))
        parts = {label: self._part(label) for label in labels}
        if reason := next(self._obstacles(quantity, parts), ""):
            return found(reason)
        if self.metric.kind != "quality":
            return found(**_fixed(quantity, parts.values(), exact=self.metric.exact))
        diverged = [label for label, part in parts.items() if part["value"].isna().any()]
        if diverged:
            falls = (diverged[0] == labels[0]) == (self.metric.better == "higher")
            below, above = (math.nextafter(quantity.even, end) for end in (-math.inf, math.inf))
            low, high = (-math.inf, below) if falls else (above, math.inf)
            return found(f"{diverged[0]} diverged: worse, by no known amount", low=low, high=high)
        return found(**_sampled(quantity, parts.values()))

    def _part(self, label: str) -> pd.DataFrame:
        """The rows of one arm: a quality's have seeds, and NaN where a trial diverged."""
        quality = self.metric.kind == "quality"
        rows = self.rows[self.rows["arm"] == self.arms[label]]
        return rows[rows["seed"].notna() if quality else rows["value"].notna()]

    def _obstacles(self, quantity: Quantity, parts: Mapping[str, pd.DataFrame]) -> Iterator[str]:
        """Why nothing can be told."""
        *_, (last, base) = parts.items()
        both = " and ".join(parts)
        if len({self.arms[label] for label in parts}) < len(parts):
            yield f"{both} are the same arm"
        for label, part in parts.items():
            if part.empty:
                yield f"{self.name} of {label} is not measured"
            if self.metric.kind == "speed" and (part["low"] == part["high"]).any():
                yield f"{self.name} of {label} was timed in one round: no spread to judge by"
        if all(part["value"].isna().any() for part in parts.values()):
            yield f"{both} diverged"
        if quantity is RATIO and (base["value"] == 0).any():
            yield f"{self.name} of {last} is 0, which has no multiple"


def _sampled(quantity: Quantity, parts: Iterable[pd.DataFrame]) -> dict[str, Any]:
    """Seed by seed, with the t interval of the mean."""
    sides = [part.set_index("seed")["value"] for part in parts]
    shared = sides[0].index.intersection(sides[-1].index)
    if shared.empty:
        return {"note": "no seed in common"}
    sample = quantity.of(*(side[shared].to_numpy(float) for side in sides))
    low, high = stats.interval(sample)
    note = f"{len(shared)} {'pair' if len(sides) > 1 else 'seed'}{'s' if len(shared) > 1 else ''}"
    if math.isnan(low):
        return {"note": f"{note}: no spread to judge by", "value": float(sample.mean())}
    sd = float(sample.std(ddof=1))
    return {"note": note, "value": float(sample.mean()), "low": low, "high": high, "sd": sd}


def _fixed(quantity: Quantity, parts: Iterable[pd.DataFrame], *, exact: bool) -> dict[str, Any]:
    """A count is what it is; what was timed lies anywhere between its quartiles."""
    rows = [part.iloc[0] for part in parts]
    value = float(quantity.of(*(row["value"] for row in rows)))
    if exact:
        return {"note": "", "value": value, "low": value, "high": value}
    corners = [float(quantity.of(*ends)) for ends in product(*map(_ends, rows))]
    once = any(math.isnan(row["low"]) for row in rows)
    note = f"each ± {100 * SPREAD:g} %" if once else "by quartiles"
    return {"note": note, "value": value, "low": min(corners), "high": max(corners)}


def _ends(row: pd.Series[Any]) -> tuple[float, float]:
    if math.isnan(row["low"]):
        return row["value"] * (1 - SPREAD), row["value"] * (1 + SPREAD)
    return row["low"], row["high"]
