"""The quantities of one arm or of two, and the measured values from which `ranges` takes them.

Verdicts compare a measured range with a margin, claims with a span.
"""

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import pandas as pd

from study import stats
from study.analysis.outcomes import ArmOutcomes
from study.spec.metric import Metric
from study.stats import CONFIDENCE
from study.store.timing_records import RatioRecord

if TYPE_CHECKING:
    from study.stats.per_image import Array

# Peak memory is measured only once per session; this relative range, up and down, stands for it.
SPREAD = 0.01

IN_ADVANCE = "set in advance"
"""Part of every clause on the seeds that are needed, and the sign that a note explains it."""

State = Literal["supported", "contradicted", "undecided"]


class Quantity(NamedTuple):
    """A quantity computed from the values of one arm or of two."""

    of: Callable[..., Any]
    even: float
    """Value of this quantity for two equal arms."""


LEVEL = Quantity(operator.pos, math.nan)  # of a single arm, so no value means "equal"
DIFFERENCE = Quantity(operator.sub, 0.0)
RATIO = Quantity(operator.truediv, 1.0)
CHANGE = Quantity(lambda arm, base: arm / base - 1, 0.0)


class Span(NamedTuple):
    """The values from `low` to `high`, both ends included."""

    low: float
    high: float


class HasRange(NamedTuple):
    """The columns of a cost's or a timing's row that are read here."""

    value: float
    low: float
    high: float


class SpeedRatio(NamedTuple):
    """Ratio of an arm's speed to the baseline's, with its 95 % interval."""

    value: float = 1.0
    low: float = 1.0
    high: float = 1.0


@dataclass(frozen=True)
class SpeedRatios:
    """Speed ratios to the baseline that a timing session measured; none without a session."""

    baseline: str = ""
    records: Mapping[tuple[str, str], RatioRecord] = field(default_factory=dict)
    """By arm and metric."""

    def of(self, metric: str) -> dict[str, SpeedRatio]:
        """The ratios of one metric by arm; the baseline's is 1. Empty without any."""
        measured = {
            arm: SpeedRatio(ratio.value, ratio.low, ratio.high)
            for (arm, name), ratio in self.records.items()
            if name == metric
        }
        return {self.baseline: SpeedRatio(), **measured} if measured else {}


NO_RATIOS = SpeedRatios()


@dataclass(frozen=True)
class MeasuredRange:
    """The value and range of one quantity; NaN where they are unknown, and `note` says why."""

    note: str
    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    sd: float = math.nan
    """Standard deviation over seeds; NaN for costs and speeds."""
    confidence: float = CONFIDENCE
    n: int = 0
    """Number of seeds, or of pairs of them; 0 for costs, speeds and given weights."""
    image_error: stats.ImageError | None = None
    """The part of the range that is due to images, which no number of seeds makes smaller."""

    @property
    def sign(self) -> int | None:
        """The sign of a difference: 0 if it is exactly zero, None if the range includes zero."""
        # NaN compares false with everything, so an unknown range has no sign.
        if self.low > 0 or self.high < 0:
            return 1 if self.low > 0 else -1
        return 0 if self.low == self.high else None

    def state(self, span: Span) -> State:
        """The state of the claim that the value lies in `span`."""
        if span.low <= self.low and self.high <= span.high:
            return "supported"
        return "contradicted" if self.high < span.low or span.high < self.low else "undecided"

    def seeds(self, span: Span) -> str:
        """The total number of seeds that would decide an undecided claim with 80 % power.

        With its range over the interval of the sd, as text: "12 (5 to 360)". "" if the claim is
        decided, or if more seeds would not help.
        """
        if self.state(span) != "undecided" or math.isnan(self.sd) or self.hidden_by_images(span):
            return ""
        reach = self.image_error.reach(self.confidence) if self.image_error else 0.0
        needed = partial(
            stats.seeds_needed,
            self.value,
            low=span.low,
            high=span.high,
            confidence=self.confidence,
            image_reach=reach,
        )
        return stats.with_range(self.sd, self.n - 1, needed).text

    def hidden_by_images(self, span: Span) -> bool:
        """True if the error due to images alone reaches an end of the span, however many seeds."""
        # However many seeds, the interval is no shorter than this on either side of the mean.
        reach = self.image_error.reach(self.confidence) if self.image_error else 0.0
        return any(abs(end - self.value) < reach for end in span)

    def seeds_text(self, span: Span) -> str:
        """A clause on the seeds that would decide an undecided claim; "" where nothing is known."""
        if seeds := self.seeds(span):
            return f"{seeds} seeds in total are needed (80 % power), {IN_ADVANCE}"
        if self.image_error and self.state(span) == "undecided" and self.hidden_by_images(span):
            return f"no number of seeds decides it on {self.image_error.images} images"
        return ""

    def scaled(self, scale: float) -> "MeasuredRange":
        ends = {name: getattr(self, name) * scale for name in ("value", "low", "high", "sd")}
        error = self.image_error
        if error:
            error = error._replace(variance=error.variance * scale**2)
        return replace(self, **ends, image_error=error)


@dataclass(frozen=True, eq=False)
class ArmValues:
    """The measured values of one arm in one metric."""

    label: str
    name: str
    """Name of the metric."""
    metric: Metric
    values: dict[int | None, float]
    """Values by seed; a cost or a speed has one value under None."""
    low: float = math.nan
    high: float = math.nan
    note: str = ""
    ratio: SpeedRatio | None = None
    """Speed ratio to the baseline where the session measured one; 1 for the baseline itself."""
    hits: "Array | None" = None
    """The images (N,) that given weights get right, from which a quality has its interval."""
    how: stats.Inference = stats.FIXED
    outcomes: ArmOutcomes | None = None
    """The images that each trial gets right, where predictions are kept."""

    @property
    def diverged(self) -> int:
        """Number of seeds that diverged."""
        return sum(map(math.isnan, self.values.values()))


def arm_values(
    label: str,
    name: str,
    rows: pd.DataFrame,
    *,
    metric: Metric,
    ratio: SpeedRatio | None = None,
    hits: "Array | None" = None,
    how: stats.Inference = stats.FIXED,
    outcomes: ArmOutcomes | None = None,
) -> ArmValues:
    """The values of one arm from its rows of one metric; NaN for a diverged trial's quality."""
    of_arm = partial(ArmValues, label, name, metric)
    if metric.kind == "quality":
        values = rows.dropna(subset="seed").sort_values("seed").set_index("seed")["value"]
        by_seed: dict[int | None, float] = {int(str(seed)): value for seed, value in values.items()}
        return of_arm(by_seed, hits=hits, how=how, outcomes=outcomes)
    first = stats.typed_rows(rows.dropna(subset="value").head(1), HasRange)
    if not first:
        return of_arm({})
    value, low, high = map(float, first[0])
    if metric.exact:
        return of_arm({None: value}, value, value)
    if math.isnan(low):
        ends = value * (1 - SPREAD), value * (1 + SPREAD)
        return of_arm({None: value}, *ends, f"each ± {100 * SPREAD:g} %")
    return of_arm({None: value}, low, high, "over all rounds", ratio)
