"""Numbers as text: scale, unit, rounding, sign, durations and sizes, for every output."""

import math
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from study.format.numbers import (
    ABSENT,
    SIGNIFICANT,
    change,
    decimals,
    duration,
    gigabytes,
    honest,
    many,
    number,
    p_value,
    significant,
    size,
)
from study.format.precision import of_one_precision, of_spread, readable
from study.format.quantities import Difference, MeanWithRange, Replicates
from study.format.ratios import (
    INCLUDES_ONE,
    WIDE,
    Interval,
    conclusive,
    ratio_texts,
    short_times,
    times,
    wide,
)
from study.spec.metric import Metric

__all__ = [
    "ABSENT",
    "DIVERGED",
    "INCLUDES_ONE",
    "SIGNIFICANT",
    "STATUS_SUFFIX",
    "TIED",
    "UNTESTED",
    "WIDE",
    "Interval",
    "amount",
    "change",
    "conclusive",
    "decimals",
    "difference_head",
    "disturbed",
    "duration",
    "effect",
    "effect_head",
    "gigabytes",
    "head",
    "honest",
    "inline",
    "many",
    "measured",
    "name",
    "number",
    "number_texts",
    "of_one_precision",
    "of_spread",
    "p_value",
    "published",
    "ratio_texts",
    "readable",
    "replicates",
    "rounded",
    "rule",
    "short_head",
    "short_times",
    "significant",
    "size",
    "span",
    "suited",
    "times",
    "timing",
    "wide",
    "with_spread",
]

DIVERGED = "diverged"
TIED = "≈"
UNTESTED = "(?)"
"""Marks of an arm that ties with the best, and of one of which that is unknown."""
STATUS_SUFFIX = {"verified": "", "derived": "*", "unverified": "?"}
"""Suffix of a published number, by how far its source was checked."""
PREFIXES = {"": 1.0, "k": 1e-3, "M": 1e-6, "G": 1e-9, "T": 1e-12}
"""Decimal prefixes that are units of counts, with the scale of each."""


# ---- metrics ----


def name(metric: Metric) -> str:
    """A metric's label without its counting rule: "MACs"."""
    return metric.label.partition(" (")[0]


def rule(metric: Metric) -> str:
    """The counting rule in a metric's label, such as "all"; "" if it has none."""
    return metric.label.partition(" (")[2].removesuffix(")")


def head(metric: Metric) -> str:
    """Label, unit and counting rule: "MACs (G, all)"."""
    inside = ", ".join(filter(None, [metric.unit, rule(metric)]))
    return f"{name(metric)} ({inside})" if inside else name(metric)


def short_head(metric: Metric) -> str:
    """Label and unit without the counting rule: "MACs (G)"."""
    return f"{name(metric)} ({metric.unit})" if metric.unit else name(metric)


def effect_head(metric: Metric, *, interval: bool) -> str:
    """The head of a column of absolute differences: "Δ Top-1 (pp) [95 % CI]"."""
    label = difference_head(metric)
    return f"{label} [95 % CI]" if interval else label


def difference_head(metric: Metric) -> str:
    """The name of an absolute difference with its unit: "Δ Top-1 (pp)"."""
    unit = metric.difference_unit
    return f"Δ {name(metric)} ({unit})" if unit else f"Δ {name(metric)}"


def inline(title: str) -> str:
    """A title inside a line; abbreviations such as QKV keep their capitals."""
    return title if title[:2].isupper() else title[:1].lower() + title[1:]


# ---- numbers ----


def measured(value: float, metric: Metric, *, signed: bool = False) -> str:
    """A value in base units, printed in the metric's own unit.

    Costs and timings have three significant digits, qualities the decimals of the metric.
    """
    scaled = value * metric.scale
    # A metric without decimals counts whole things.
    if metric.kind == "quality":
        return honest(scaled, metric.digits, signed=signed)
    if metric.kind == "cost" and not metric.digits:
        return number(scaled, metric.digits, signed=signed)
    return significant(scaled, signed=signed)


def _coarse(value: float, metric: Metric, *, signed: bool = False) -> str:
    """A quality with the decimals of its metric, even where they leave a zero."""
    if metric.kind != "quality":
        return measured(value, metric, signed=signed)
    return number(value * metric.scale, metric.digits, signed=signed)


def suited(metric: Metric, values: Iterable[float]) -> Metric:
    """The metric in the unit of its own kind (k, M, G, T) that suits a column of values.

    It is the largest one in which the largest value is at least 1 and the smallest at least 0.1. A
    metric in another unit, such as MB, keeps it.
    """
    sizes = [abs(value) for value in values if math.isfinite(value) and value]
    if not sizes or PREFIXES.get(metric.unit) != metric.scale or not metric.unit:
        return metric
    # Rounded to the printed digits: 0.99996 M is printed as 1.00 M.
    fitting = [
        (unit, scale)
        for unit, scale in PREFIXES.items()
        if unit and max(sizes) * scale >= 0.9995 and min(sizes) * scale >= 0.0995
    ]
    # A count below a hundred has no unit in which it is read well.
    unit, scale = fitting[-1] if fitting else ("k", 1e-3)
    return replace(metric, unit=unit, scale=scale)


def rounded(value: float, metric: Metric) -> float:
    """A value in base units as the number that is printed."""
    return round(value * metric.scale, metric.digits)


def replicates(estimate: Replicates, metric: Metric, seeds: int) -> str:
    """A row of `stats.estimates` as mean ± sd, with the number of seeds if some are missing."""
    metric = of_spread(metric, estimate.mean, estimate.sd)
    text = measured(estimate.mean, metric)
    # One seed has no standard deviation.
    if text != ABSENT and math.isfinite(estimate.sd):
        text += f" ± {measured(estimate.sd, metric)}"
    return text + _incomplete(text, estimate.n, seeds)


def number_texts(estimate: object, metric: Metric, *names: str) -> dict[str, str]:
    """The finite numbers of an estimate as texts, by name."""
    values = {name: float(getattr(estimate, name)) for name in names}
    return {name: measured(v, metric) for name, v in values.items() if math.isfinite(v)}


def effect(row: Difference, metric: Metric, seeds: int, *, interval: bool = True) -> str:
    """A row of `stats.effects` as a difference, with its interval unless that has no room."""
    ends = (row.low, row.mean, row.high)
    metric = of_one_precision(metric, ends)
    # Around zero an end that rounds to zero says all there is to say, unless all three do.
    coarse = row.low <= 0 <= row.high and any(rounded(value, metric) for value in ends)
    printed = partial(_coarse, metric=metric) if coarse else partial(measured, metric=metric)
    text = printed(row.mean, signed=True)
    # One pair has no interval, unless images give it one. Several equal pairs have none either,
    # which [--] says.
    if interval and text != ABSENT and (row.n > 1 or math.isfinite(row.low)):
        low, high = printed(row.low), printed(row.high)
        text += f" [{low}, {high}]" if math.isfinite(row.low) else f" [{ABSENT}]"
    return text + _incomplete(text, row.n, seeds)


def amount(row: Difference, metric: Metric) -> str:
    """A difference with its unit, and its interval if it has one: "+4.3 pp [−8.1, 16.8]"."""
    # The unit goes between the value and its interval, so the text is taken apart.
    text = effect(row, metric, int(row.n)).removesuffix(f" [{ABSENT}]")
    value, _, ends = text.partition(" ")
    return " ".join(filter(None, [value, metric.difference_unit, ends]))


def timing(
    estimate: MeanWithRange,
    metric: Metric,
    ratio: Interval | None = None,
    resolution: float = math.inf,
) -> str:
    """The median with its ratio to the baseline, or with lowest and highest round without one."""
    text = measured(estimate.mean, metric)
    if text != ABSENT and ratio:
        return f"{text} ({times(ratio, resolution)})"
    # Peak memory is measured once and has no range of rounds.
    if text == ABSENT or not math.isfinite(estimate.low):
        return text
    return f"{text} {span(estimate, metric)}"


def span(estimate: MeanWithRange, metric: Metric) -> str:
    """The lowest and the highest round of a timing."""
    return f"[{measured(estimate.low, metric)}, {measured(estimate.high, metric)}]"


def disturbed(share: float) -> str:
    """A note on rounds in which other processes had the CPUs; "" below 5 % of rounds."""
    if share < 0.05:
        return ""
    return (
        f"other processes had the CPUs in {100 * share:.0f} % of rounds; ratios leave such rounds "
        "out where possible"
    )


def _incomplete(text: str, n: float, seeds: int) -> str:
    return f" ({n}/{seeds})" if text != ABSENT and n < seeds else ""


# ---- published numbers ----


def published(value: float, digits: int, spread: float, status: str) -> str:
    """A published number as it was printed, with a suffix for how far its source was checked."""
    return with_spread(value, digits, spread) + STATUS_SUFFIX[status]


def with_spread(value: float, digits: int, spread: float) -> str:
    """A number with the published spread over runs, if there is one."""
    return number(value, digits) + (f" ± {spread:g}" if spread else "")
