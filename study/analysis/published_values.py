"""Published numbers beside the measured values of the same arms, and the order of two of them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import pandas as pd

from study import format, stats
from study.analysis import quantities, ranges
from study.analysis.image_hits import ImageHits
from study.analysis.outcomes import NO_OUTCOMES, Outcomes
from study.analysis.quantities import DIFFERENCE, LEVEL, ArmValues, MeasuredRange, SpeedRatios
from study.analysis.verdict_rows import PublishedRow
from study.errors import SpecError
from study.spec.metric import Catalogue, Metric

SURE = ("verified", "derived")  # an unverified number may be a typing error of ours


@dataclass(frozen=True, eq=False)
class PublishedValue:
    """A published number, in units of the table, with the measured values of the same arm."""

    row: str
    arm: str
    status: str
    unlike: str
    printed: float
    digits: int
    ours: ArmValues
    """Our measured values of the same arm and metric."""
    spread: float = 0.0
    """Spread over runs that was published with the number."""

    @property
    def metric(self) -> Metric:
        return self.ours.metric

    @property
    def level(self) -> MeasuredRange:
        """Our mean over seeds, on these very images: they are those of the published number."""
        # A draw of images that is unlucky for us is as unlucky for the published model.
        ours = replace(self.ours, outcomes=None)
        return ranges.measured_range(LEVEL, ours).scaled(self.metric.scale)

    @property
    def half(self) -> float:
        """Half a unit of the last published digit: the largest rounding error."""
        return 0.5 * 10.0**-self.digits

    @property
    def reach(self) -> float:
        """The largest distance of the true value from the published one: rounding and spread."""
        return self.half + self.spread

    def text(self, value: float, *, signed: bool = False) -> str:
        # As many digits as were published, or as our table prints if those are more.
        return format.number(value, max(self.digits, self.metric.digits), signed=signed)


def published_values(
    published: pd.DataFrame,
    frame: pd.DataFrame,
    ratios: SpeedRatios,
    hits: ImageHits,
    *,
    catalogue: Catalogue,
    how: stats.Inference = stats.FIXED,
    outcomes: Outcomes = NO_OUTCOMES,
) -> Iterator[PublishedValue]:
    """The published numbers whose source was checked and whose arm was measured.

    Raises:
        SpecError: a published speed is zero or less, so ratios to it do not exist.
    """
    measured = {(str(a), str(m)): part for (a, m), part in frame.groupby(["arm", "metric"])}
    # A table of published numbers from elsewhere may lack the column.
    if "spread" not in published:
        published = published.assign(spread=0.0)
    for row in stats.typed_rows(published, PublishedRow):
        part = measured.get((row.arm, row.metric))
        if part is None or row.status not in SURE:
            continue
        metric = catalogue[row.metric]
        # Written so that NaN is refused, too.
        if metric.kind == "speed" and not row.value > 0:
            raise SpecError(f"published {row.metric} of {row.row} is not above 0: {row.value}")
        ratio = ratios.of(row.metric).get(row.arm)
        right = hits.arrays.get((row.arm, row.metric))
        ours = quantities.arm_values(
            row.row,
            row.metric,
            part,
            metric=metric,
            ratio=ratio,
            hits=right,
            how=how,
            outcomes=outcomes.of(row.arm, row.metric),
        )
        if ours.values:
            named = row.row, row.arm, row.status, row.unlike
            yield PublishedValue(*named, float(row.value), row.digits, ours, float(row.spread))


def ordered_pairs(table: list[PublishedValue]) -> int:
    """Number of published pairs whose order noise may reverse; counts are exact and left out."""
    ordered = [value for value in table if not value.metric.exact and not value.unlike]
    return sum(
        first.ours.name == second.ours.name
        and first.arm != second.arm
        and bool(published_order(first, second))
        for first, second in combinations(ordered, 2)
    )


def published_order(first: PublishedValue, second: PublishedValue) -> int:
    """The published order of two numbers: 1, -1, or 0 if they are equal within rounding."""
    apart = first.printed - second.printed
    # The tolerance keeps numbers one printed unit apart ordered in spite of binary fractions.
    if abs(apart) < (1 - stats.ROUNDING) * (first.reach + second.reach):
        return 0
    return 1 if apart > 0 else -1


def measured_sign(
    first: PublishedValue, second: PublishedValue, *, confidence: float = stats.CONFIDENCE
) -> int | None:
    """The sign of the measured difference; None where one of the arms diverged."""
    return ranges.measured_range(DIFFERENCE, first.ours, second.ours, confidence=confidence).sign


def published_difference(first: PublishedValue, second: PublishedValue) -> float:
    """The published difference, for speeds in per cent of the other number."""
    if first.metric.kind == "speed":
        return 100 * (first.printed / second.printed - 1)
    return first.printed - second.printed


def published_spread(first: PublishedValue, second: PublishedValue) -> float:
    """The sum of both published spreads, for speeds in per cent of the ratio."""
    if first.metric.kind == "speed":
        relative = first.spread / first.printed + second.spread / second.printed
        return 100 * first.printed / second.printed * relative
    return first.spread + second.spread
