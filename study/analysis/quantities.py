"""The measured value and range of one arm, or of a difference or ratio of two arms.

For a quality the range is the t interval over seeds, paired by seed for two arms; of given weights
it is the bootstrap interval over images, paired by image. For a timing it is the span of all
rounds, or the interval of the ratio if the session measured one. A count is exact. Verdicts compare
the range with a margin, claims with a span.
"""

import math
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import product
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import pandas as pd

from study import stats
from study.spec.metric import Metric
from study.stats import CONFIDENCE
from study.store.timing_records import RatioRecord

if TYPE_CHECKING:
    from study.stats.per_image import Array

# Peak memory is measured only once per session; this relative range, up and down, stands for it.
SPREAD = 0.01

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

        "" if it is decided, or if more seeds would not help.
        """
        if self.state(span) != "undecided" or math.isnan(self.sd):
            return ""
        needed = stats.seeds_needed(self.value, self.sd, *span, confidence=self.confidence)
        return str(needed or f"more than {stats.MOST_SEEDS}")

    def scaled(self, scale: float) -> "MeasuredRange":
        ends = {name: getattr(self, name) * scale for name in ("value", "low", "high", "sd")}
        return replace(self, **ends)


def seeds_needed_text(seeds: str) -> str:
    return f"{seeds} seeds in total are needed (80 % power), set in advance"


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

    @property
    def diverged(self) -> bool:
        return any(map(math.isnan, self.values.values()))


def arm_values(
    label: str,
    name: str,
    rows: pd.DataFrame,
    *,
    metric: Metric,
    ratio: SpeedRatio | None = None,
    hits: "Array | None" = None,
    how: stats.Inference = stats.FIXED,
) -> ArmValues:
    """The values of one arm from its rows of one metric; NaN for a diverged trial's quality."""
    of_arm = partial(ArmValues, label, name, metric)
    if metric.kind == "quality":
        values = rows.dropna(subset="seed").sort_values("seed").set_index("seed")["value"]
        return of_arm({int(str(seed)): value for seed, value in values.items()}, hits=hits, how=how)
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


def measured_range(
    quantity: Quantity, *sides: ArmValues, confidence: float = CONFIDENCE
) -> MeasuredRange:
    """The value and range of a quantity of one arm, or of two arms in the same metric."""
    if obstacle := next(_obstacles(quantity, *sides), ""):
        return MeasuredRange(obstacle)
    if _have_ratios(*sides):
        return _ratio_range(quantity, *sides, confidence=confidence)
    if sides[0].metric.kind != "quality":
        return _corner_range(quantity, *sides)
    if any(arm.diverged for arm in sides):
        return _diverged_range(quantity, *sides)
    if all(arm.hits is not None for arm in sides):
        return _image_range(quantity, *sides, confidence=confidence)
    return _seed_range(quantity, *sides, confidence=confidence)


def _obstacles(quantity: Quantity, *sides: ArmValues) -> Iterator[str]:
    """Reasons why the quantity has no value or range."""
    for arm in sides:
        if not arm.values:
            yield f"{arm.name} of {arm.label} is not measured"
        if arm.metric.kind == "speed" and arm.low == arm.high and not _have_ratios(*sides):
            yield f"{arm.name} of {arm.label} was timed in one round, so it has no range"
    # If one of two arms diverged the sign is known; if all did, nothing is.
    if all(arm.diverged for arm in sides):
        yield f"{' and '.join(arm.label for arm in sides)} diverged"
    base = sides[-1]
    if quantity in (RATIO, CHANGE) and 0 in base.values.values():
        yield f"{base.name} of {base.label} is 0, so there is no ratio to it"


def _have_ratios(*sides: ArmValues) -> bool:
    return len(sides) > 1 and all(arm.ratio for arm in sides)


def _ratio_range(
    quantity: Quantity, first: ArmValues, second: ArmValues, *, confidence: float
) -> MeasuredRange:
    """The quantity from both ratios to the baseline, scaled to the other arm's median.

    The errors of the two ratios are treated as independent and normal in the logarithm. They share
    visits of the baseline, so the range is rather too wide than too narrow.
    """
    a, b = first.ratio or SpeedRatio(), second.ratio or SpeedRatio()
    # Recorded ratios have 95 % intervals, widened here by the ratio of the normal quantiles.
    widening = _normal_quantile(confidence) / _normal_quantile(CONFIDENCE)
    ratio, base = a.value / b.value, second.values[None]
    below = math.exp(-widening * math.hypot(math.log(a.value / a.low), math.log(b.high / b.value)))
    above = math.exp(widening * math.hypot(math.log(a.high / a.value), math.log(b.value / b.low)))
    note = f"by the ratio{_at(confidence)}"
    ends = (ratio, ratio * below, ratio * above)
    return MeasuredRange(note, *(float(quantity.of(end * base, base)) for end in ends))


def _at(confidence: float) -> str:
    """The confidence of an interval in a note; "" for the usual one."""
    return f" at {100 * confidence:.4g} %" if confidence != CONFIDENCE else ""


def _normal_quantile(confidence: float) -> float:
    """Standard deviations from the mean of a normal distribution to the end of its interval."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def _corner_range(quantity: Quantity, *sides: ArmValues) -> MeasuredRange:
    """The quantity of a cost or a timing, with the extremes over all corners of the ranges."""
    value = float(quantity.of(*(arm.values[None] for arm in sides)))
    # Each quantity is monotonic in every value, so its extremes lie at the corners.
    corners = [quantity.of(*ends) for ends in product(*((arm.low, arm.high) for arm in sides))]
    return MeasuredRange(sides[0].note, value, float(min(corners)), float(max(corners)))


def _diverged_range(quantity: Quantity, *sides: ArmValues) -> MeasuredRange:
    """The range where one arm diverged: worse than the other arm, by an unknown amount."""
    first = next(arm for arm in sides if arm.diverged)
    # Worse is lower where higher is better, and the other way round for the second arm.
    downwards = (first is sides[0]) == (first.metric.better == "higher")
    worst = -math.inf if downwards else math.inf
    # From just beside "equal" to infinity: any threshold of a size stays undecided.
    ends = sorted((worst, math.nextafter(quantity.even, worst)))
    return MeasuredRange(f"{first.label} diverged: worse by an unknown amount", math.nan, *ends)


def _seed_range(quantity: Quantity, *sides: ArmValues, confidence: float) -> MeasuredRange:
    """The mean of a quality over seeds that all arms share, with its t interval."""
    import numpy as np

    # Pairing by seed removes what both arms share: the order of images and their augmentation.
    shared = [seed for seed in sides[0].values if seed in sides[-1].values]
    if not shared:
        return MeasuredRange("no seed in common")
    sample = quantity.of(*(np.array([arm.values[seed] for seed in shared]) for arm in sides))
    note = f"{len(shared)} {'pair' if len(sides) > 1 else 'seed'}{'s' if len(shared) > 1 else ''}"
    mean, ends = float(sample.mean()), sides[0].how.interval(sample, confidence)
    if math.isnan(ends[0]):
        return MeasuredRange(f"{note}: no interval", mean)
    note += _at(confidence)
    # ddof 1, as in the t interval: numpy's default is the deviation of a whole population.
    return MeasuredRange(note, mean, *ends, float(sample.std(ddof=1)), confidence)


def _image_range(quantity: Quantity, *sides: ArmValues, confidence: float) -> MeasuredRange:
    """The quantity of the fractions of images that are right, with its bootstrap interval."""
    hits = [arm.hits for arm in sides if arm.hits is not None]
    value = float(quantity.of(*(array.mean() for array in hits)))
    ends = stats.image_interval(quantity.of, *hits, confidence=confidence)
    note = f"{len(hits[0])} image{'s' if len(hits[0]) > 1 else ''}"
    if math.isnan(ends[0]):
        differ = f"{stats.varying(*hits) or 'no'} image{'s' if stats.varying(*hits) > 1 else ''}"
        few = f"{differ} differ{'s' if stats.varying(*hits) < 2 else ''}"
        return MeasuredRange(f"{note}, {few}: no interval", value)
    return MeasuredRange(f"{note}{_at(confidence)}", value, *ends, confidence=confidence)
