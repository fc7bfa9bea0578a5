"""The measured quantities of the arms in a claim, and the sentence that states them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING

import pandas as pd

from study import format, stats
from study.analysis import quantities, ranges
from study.analysis.outcomes import NO_OUTCOMES, Outcomes
from study.analysis.quantities import (
    DIFFERENCE,
    RATIO,
    ArmValues,
    MeasuredRange,
    Quantity,
    Span,
    SpeedRatio,
    State,
)
from study.spec.metric import Metric
from study.stats import CONFIDENCE

if TYPE_CHECKING:
    from study.stats.per_image import Array

MORE_DIGITS = 6  # at most, so that a number and the bound that it misses do not print alike

ABOVE = math.ulp(0.0)
"""The smallest number above zero, by which an included end means "more than"."""


def unit(quantity: Quantity, metric: Metric) -> str:
    """The unit in which a quantity of a metric is printed."""
    if quantity is RATIO:
        return "x"
    return metric.difference_unit if quantity is DIFFERENCE else metric.unit


@dataclass(frozen=True)
class ClaimMetric:
    """The measurements of one metric."""

    name: str
    metric: Metric
    rows: pd.DataFrame
    arms: Mapping[str, str]
    ratios: Mapping[str, SpeedRatio] = field(default_factory=dict)
    """Speed ratios to the baseline, by arm."""
    hits: "Mapping[str, Array]" = field(default_factory=dict)
    """The images that given weights get right, by arm."""
    confidence: float = CONFIDENCE
    how: stats.Inference = stats.FIXED
    outcomes: Outcomes = NO_OUTCOMES
    _read: dict[str, ArmValues] = field(default_factory=dict, repr=False, compare=False)

    def directed(self, span: Span) -> Span:
        """The span of a difference, from the span of how far one arm is better than the other."""
        # Where lower is better, an advantage is a negative difference, so the ends change sides.
        return span if self.metric.better == "higher" else Span(-span.high, -span.low)

    def others(self, arm: str) -> list[str]:
        """The first label of every other arm."""
        # Reversed, because the last entry of a dict comprehension wins: the first label stays.
        first = {digest: label for label, digest in reversed(list(self.arms.items()))}
        return [label for digest, label in first.items() if digest != self.arms[arm]]

    def state_and_numbers(self, quantity: Quantity, span: Span, *labels: str) -> tuple[State, str]:
        """The state of the claim that a quantity lies in `span`, and the numbers."""
        value = self.range_of(quantity, *labels)
        return value.state(span), self.sentence(quantity, value, span)

    def range_of(
        self, quantity: Quantity, *labels: str, confidence: float | None = None
    ) -> MeasuredRange:
        """The value and range of a quantity of one arm, or of two."""
        confidence = self.confidence if confidence is None else confidence
        if len({self.arms[label] for label in labels}) < len(labels):
            return MeasuredRange(f"{' and '.join(labels)} are the same arm")
        sides = (self._values(label) for label in labels)
        return ranges.measured_range(quantity, *sides, confidence=confidence)

    def _values(self, label: str) -> ArmValues:
        # A rank compares every pair of arms, and a family has many claims about the same ones.
        if label not in self._read:
            arm = self.arms[label]
            rows = self.rows[self.rows["arm"] == arm]
            self._read[label] = quantities.arm_values(
                label,
                self.name,
                rows,
                metric=self.metric,
                ratio=self.ratios.get(arm),
                hits=self.hits.get(arm),
                how=self.how,
                outcomes=self.outcomes.of(arm, self.name),
            )
        return self._read[label]

    def sentence(self, quantity: Quantity, value: MeasuredRange, span: Span) -> str:
        """The numbers in units of the table, and the seeds that would decide the claim."""
        if math.isnan(value.value):
            return value.note
        # The unit and the digits of the table: counts suit their column.
        metric = (
            format.suited(self.metric, self.rows["value"]) if self.metric.exact else self.metric
        )
        printed_unit = unit(quantity, metric)
        # A ratio has no unit to be scaled to, and two decimals to begin with.
        scale, fewest = (1.0, 2) if quantity is RATIO else (metric.scale, metric.digits)
        if metric.exact and metric.digits and quantity is not RATIO:
            fewest = format.decimals(value.value * scale, format.SIGNIFICANT)
        ends = [value.value, value.low, value.high] if value.low < value.high else [value.value]
        pairs = [(e * scale, b * scale) for e, b in product(ends, span) if abs(e - b) > ABOVE]
        # With more digits than the table where the number and its bound would print the same.
        apart = (
            digits
            for digits in range(fewest, fewest + MORE_DIGITS)
            if all(round(end, digits) != round(bound, digits) for end, bound in pairs)
        )
        digits = next(apart, fewest + MORE_DIGITS)
        text = format.honest(value.value * scale, digits, signed=quantity is DIFFERENCE)
        text += printed_unit if printed_unit == "x" else f" {printed_unit}".rstrip()
        if len(ends) > 1:
            text += f" [{', '.join(format.honest(end * scale, digits) for end in ends[1:])}]"
        return ", ".join(filter(None, [text, value.note, value.seeds_text(span)]))
