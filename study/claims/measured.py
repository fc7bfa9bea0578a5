"""What was measured of the arms that a claim compares, and the sentence that says it."""

from __future__ import annotations  # pandas is for reports: plans must start without it

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING

from study import cells, evidence
from study.evidence import DIFFERENCE, RATIO, Evidence, Quantity, Ratio, Span, State
from study.metrics import METRICS, Metric
from study.stats import CONFIDENCE

if TYPE_CHECKING:
    import pandas as pd

MORE_DIGITS = 6  # at most, to tell a number from a bound that it misses

ABOVE = math.ulp(0.0)
"""The least number above zero: "more than" as an end that is included."""


def unit(quantity: Quantity, metric: Metric) -> str:
    if quantity is RATIO:
        return "x"
    return cells.difference_unit(metric) if quantity is DIFFERENCE else metric.unit


@dataclass(frozen=True)
class Measured:
    """The rows of one metric."""

    name: str
    rows: pd.DataFrame
    arms: Mapping[str, str]
    ratios: Mapping[str, Ratio] = field(default_factory=dict)
    """By arm, to the baseline's."""
    confidence: float = CONFIDENCE

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
        return found.state(span), self.told(quantity, found, span)

    def evidence(
        self, quantity: Quantity, *labels: str, confidence: float | None = None
    ) -> Evidence:
        """What is known of a quantity of one arm, or of two."""
        confidence = self.confidence if confidence is None else confidence
        if len({self.arms[label] for label in labels}) < len(labels):
            return Evidence(f"{' and '.join(labels)} are the same arm")
        parts = {label: self.rows[self.rows["arm"] == self.arms[label]] for label in labels}
        sides = (
            evidence.side(label, self.name, part, self.ratios.get(self.arms[label]))
            for label, part in parts.items()
        )
        return evidence.evidence(quantity, *sides, confidence=confidence)

    def told(self, quantity: Quantity, found: Evidence, span: Span) -> str:
        """The numbers in units of the table, and what it takes to decide."""
        if math.isnan(found.value):
            return found.note
        metric, of = self.metric, unit(quantity, self.metric)
        scale, fewest = (1.0, 2) if quantity is RATIO else (metric.scale, metric.digits)
        ends = [found.value, found.low, found.high] if found.low < found.high else [found.value]
        pairs = [(e * scale, b * scale) for e, b in product(ends, span) if abs(e - b) > ABOVE]
        apart = (
            digits
            for digits in range(fewest, fewest + MORE_DIGITS)
            if all(round(end, digits) != round(bound, digits) for end, bound in pairs)
        )
        digits = next(apart, fewest + MORE_DIGITS)
        shown = cells.number(found.value * scale, digits, signed=quantity is DIFFERENCE)
        shown += of if of == "x" else f" {of}".rstrip()
        if len(ends) > 1:
            shown += f" [{', '.join(cells.number(end * scale, digits) for end in ends[1:])}]"
        seeds = found.seeds(span)
        return ", ".join(filter(None, [shown, found.note, seeds and evidence.deciding(seeds)]))
