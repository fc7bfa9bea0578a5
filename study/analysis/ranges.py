"""The measured range of a quantity of one arm, or of a difference or ratio of two arms.

For a quality the range is the t interval over seeds, paired by seed for two arms; where the
predictions of all these trials are kept it is the interval over new seeds and new images
(`stats.over_images`), and of replicates that share no seeds it is Welch's. Of given weights it is
the bootstrap interval over images, paired by image. For a timing it is the span of all rounds, or
the interval of the ratio if the session measured one.
A count is exact. An arm with a diverged seed has no range of a quality: that a seed diverged says
nothing of how good the others are.
"""

import math
from collections.abc import Iterator
from itertools import product
from statistics import NormalDist

from study import stats
from study.analysis.levels import level_interval
from study.analysis.outcomes import image_error
from study.analysis.quantities import (
    CHANGE,
    LEVEL,
    RATIO,
    ArmValues,
    MeasuredRange,
    Quantity,
    SpeedRatio,
)
from study.format import many
from study.stats import CONFIDENCE


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
    if any(arm.diverged for arm in sides):
        yield f"{divergence(*sides)}, which decides nothing about {sides[0].name}"
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
    value, low, high = (float(quantity.of(end * base, base)) for end in ends)
    return MeasuredRange(note, value, low, high)


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


def divergence(*sides: ArmValues) -> str:
    """How many seeds of each arm diverged, as text: "1 of 3 seeds of A diverged (B: 0 of 3)"."""
    # The arm with most first: the others are what it is compared with.
    first, *others = sorted(sides, key=lambda arm: -arm.diverged)
    counts = [f"{arm.label}: {arm.diverged} of {len(arm.values)}" for arm in others]
    text = f"{first.diverged} of {many(len(first.values), 'seed')} of {first.label} diverged"
    return text + (f" ({', '.join(counts)})" if counts else "")


def _seed_range(quantity: Quantity, *sides: ArmValues, confidence: float) -> MeasuredRange:
    """The mean of a quality over seeds that all arms share, with its interval."""
    import numpy as np

    if len(sides) > 1 and not sides[0].how.paired:
        return _unpaired_range(quantity, *sides, confidence=confidence)
    # Pairing by seed removes what both arms share: the order of images and their augmentation.
    shared = [seed for seed in sides[0].values if seed in sides[-1].values]
    if not shared:
        return MeasuredRange("no seed in common")
    values = [np.array([arm.values[seed] for seed in shared]) for arm in sides]
    sample = quantity.of(*values)
    note = many(len(shared), "pair" if len(sides) > 1 else "seed")
    mean, ends = float(sample.mean()), sides[0].how.interval(sample, confidence)
    if math.isnan(ends[0]):
        return MeasuredRange(f"{note}: no interval", mean)
    error = _image_error(quantity, *sides, means=[float(row.mean()) for row in values])
    # Before the logit scale of a level, on which the parts of seeds and images do not add up.
    if error:
        ends = stats.over_images(ends, error, confidence)
        note += f", {error.images} images"
    if quantity is LEVEL:
        ends = level_interval(sides[0].metric, sample, ends)
    # ddof 1, as in the t interval: numpy's default is the deviation of a whole population.
    sd = float(sample.std(ddof=1))
    return MeasuredRange(note + _at(confidence), mean, *ends, sd, confidence, len(shared), error)


def _unpaired_range(
    quantity: Quantity, first: ArmValues, second: ArmValues, *, confidence: float
) -> MeasuredRange:
    """A difference or ratio of two means whose values share no seeds, with Welch's interval."""
    import numpy as np

    groups = [np.array([*arm.values.values()]) for arm in (first, second)]
    means = [float(group.mean()) for group in groups]
    relative = quantity in (RATIO, CHANGE)
    # A ratio a / b to first order: a / b - (a / b) b / b (delta method).
    weights = (1 / means[1], -means[0] / means[1] ** 2) if relative else (1.0, -1.0)
    error = stats.Independent(weights, groups)
    value = float(quantity.of(*means))
    note = f"{' and '.join(map(str, map(len, groups)))} unpaired values"
    low, high = (value + end - error.mean for end in error.interval(confidence))
    if math.isnan(low):
        return MeasuredRange(f"{note}: no interval", value)
    # Without an sd: the number of seeds that would decide is that of pairs.
    return MeasuredRange(note + _at(confidence), value, low, high, confidence=confidence)


def _image_error(
    quantity: Quantity, *sides: ArmValues, means: list[float]
) -> stats.ImageError | None:
    """The error of a quantity due to images; None where predictions are not kept.

    Of a ratio a / b it is that of a - (a / b) b, relative to b: the ratio to first order.
    """
    shared = [seed for seed in sides[0].values if seed is not None and seed in sides[-1].values]
    if any(arm.outcomes is None for arm in sides):
        return None
    if quantity is LEVEL:
        right = sides[0].outcomes.right(shared) if sides[0].outcomes else None
        return None if right is None else stats.image_error(right)
    # A level has no second arm; a difference is the ratio 1 of both.
    relative = quantity in (RATIO, CHANGE)
    ratio, scale = (means[0] / means[1], means[1]) if relative else (1.0, 1.0)
    error = image_error(sides[0].outcomes, sides[1].outcomes, shared, ratio)
    return error and error._replace(variance=error.variance / scale**2)


def _image_range(quantity: Quantity, *sides: ArmValues, confidence: float) -> MeasuredRange:
    """The quantity of the fractions of images that are right, with its bootstrap interval."""
    hits = [arm.hits for arm in sides if arm.hits is not None]
    value = float(quantity.of(*(array.mean() for array in hits)))
    ends = stats.image_interval(quantity.of, *hits, confidence=confidence)
    note = many(len(hits[0]), "image")
    if math.isnan(ends[0]):
        count = stats.varying(*hits)
        few = f"{many(count, 'image')} differ" if count > 1 else f"{count or 'no'} image differs"
        return MeasuredRange(f"{note}, {few}: no interval", value)
    return MeasuredRange(f"{note}{_at(confidence)}", value, *ends, confidence=confidence)
