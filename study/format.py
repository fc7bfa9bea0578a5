"""Numbers as text: scale, unit, rounding, sign, durations and sizes, for every output."""

import math
from typing import Protocol

from study.spec.metric import Metric

ABSENT = "--"
DIVERGED = "diverged"
TENFOLD = 10  # from here on a change is a multiple, and a multiple needs one digit
TIED = "≈"
STATUS_SUFFIX = {"verified": "", "derived": "*", "unverified": "?"}
"""Suffix of a published number, by how far its source was checked."""


# ---- metrics ----


class Interval(Protocol):
    """A value and the ends of the interval around it."""

    @property
    def value(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


class Replicates(Protocol):
    """The mean and standard deviation of one value per seed."""

    @property
    def n(self) -> float: ...
    @property
    def mean(self) -> float: ...
    @property
    def sd(self) -> float: ...


class Median(Protocol):
    """The median of a timing, as `mean`, with its lowest and highest round."""

    @property
    def mean(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


class Difference(Median, Protocol):
    """A mean difference over `n` pairs, with its interval."""

    @property
    def n(self) -> float: ...


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


def effect_head(metric: Metric, *, interval: bool) -> str:
    """The head of a column of absolute differences: "Δ Top-1 (pp) [95 % CI]"."""
    label = difference_head(metric)
    return f"{label} [95 % CI]" if interval else label


def difference_head(metric: Metric) -> str:
    """The name of an absolute difference with its unit: "Δ Top-1 (pp)"."""
    unit = metric.difference_unit
    return f"Δ {name(metric)} ({unit})" if unit else f"Δ {name(metric)}"


# ---- numbers ----


def number(value: float, digits: int, *, signed: bool = False) -> str:
    """A number with this many decimals, a real minus sign, and no sign if it rounds to zero."""
    if not math.isfinite(value):
        return ABSENT
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    # "-0.00" would claim a sign that rounding has removed.
    if not text.strip("+-0."):
        return text.lstrip("+-")
    # U+2212, which typesets as a minus sign; a hyphen is shorter.
    return text.replace("-", "−")


def measured(value: float, metric: Metric, *, signed: bool = False) -> str:
    """A value in base units, printed in the metric's own unit."""
    return number(value * metric.scale, metric.digits, signed=signed)


def rounded(value: float, metric: Metric) -> float:
    """A value in base units as the number that is printed."""
    return round(value * metric.scale, metric.digits)


def replicates(estimate: Replicates, metric: Metric, seeds: int) -> str:
    """A row of `stats.estimates` as mean ± sd, with the number of seeds if some are missing."""
    text = measured(estimate.mean, metric)
    # One seed has no standard deviation.
    if text != ABSENT and math.isfinite(estimate.sd):
        text += f" ± {measured(estimate.sd, metric)}"
    return text + _incomplete(text, estimate.n, seeds)


def number_texts(estimate: object, metric: Metric, *names: str) -> dict[str, str]:
    """The finite numbers of an estimate as texts, by name."""
    values = {name: float(getattr(estimate, name)) for name in names}
    return {name: measured(v, metric) for name, v in values.items() if math.isfinite(v)}


def effect(row: Difference, metric: Metric, seeds: int) -> str:
    """A row of `stats.effects` as a difference with its interval."""
    text = measured(row.mean, metric, signed=True)
    # One pair has no interval, unless images give it one. Several equal pairs have none either,
    # which [--] says.
    if text != ABSENT and (row.n > 1 or math.isfinite(row.low)):
        low, high = measured(row.low, metric), measured(row.high, metric)
        text += f" [{low}, {high}]" if math.isfinite(row.low) else f" [{ABSENT}]"
    return text + _incomplete(text, row.n, seeds)


def timing(
    estimate: Median, metric: Metric, ratio: Interval | None = None, resolution: float = math.inf
) -> str:
    """The median with its ratio to the baseline, or with lowest and highest round without one."""
    text = measured(estimate.mean, metric)
    if text != ABSENT and ratio:
        return f"{text} ({times(ratio, resolution)})"
    # Peak memory is measured once and has no range of rounds.
    if text == ABSENT or not math.isfinite(estimate.low):
        return text
    return f"{text} [{measured(estimate.low, metric)}, {measured(estimate.high, metric)}]"


def times(ratio: Interval, resolution: float) -> str:
    """A ratio with its interval, preceded by "inconclusive" if it is not `conclusive`."""
    value, low, high = map(multiple, (ratio.value, ratio.low, ratio.high))
    word = "" if conclusive(ratio, resolution) else "inconclusive "
    return f"{word}×{value} [{low}, {high}]"


def multiple(ratio: float) -> str:
    """A ratio as text: three decimals, one from 10 on."""
    return number(ratio, 1 if ratio >= TENFOLD else 3)


def conclusive(ratio: Interval, resolution: float) -> bool:
    """The interval excludes 1, or includes it and its log width is at most `resolution`."""
    if not ratio.low <= 1 <= ratio.high:
        return True
    # On the logarithm, where a ratio and its inverse are equally wide.
    return math.log(ratio.high / ratio.low) <= resolution


def disturbed(share: float) -> str:
    """A note on rounds in which other processes had the CPUs; "" below 5 % of rounds."""
    if share < 0.05:
        return ""
    return (
        f"other processes had the CPUs in {100 * share:.0f} % of rounds; ratios leave such rounds "
        "out where possible"
    )


def change(value: float, base: float) -> str:
    """The relative difference in per cent, or a multiple from ten times as much on."""
    if base and value / base >= TENFOLD:
        return f"×{value / base:,.0f}"
    return f"{number(100 * (value / base - 1), 1, signed=True)} %" if base else ABSENT


def _incomplete(text: str, n: float, seeds: int) -> str:
    return f" ({n}/{seeds})" if text != ABSENT and n < seeds else ""


def p_value(value: float) -> str:
    return ABSENT if math.isnan(value) else "< 0.001" if value < 0.001 else f"{value:.3f}"


def duration(seconds: float) -> str:
    """Seconds below 90 s, minutes below 90 min, else hours."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:  # 90 min
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def size(count: float) -> str:
    """Bytes in a decimal unit of 10^3, 10^6 ...: "1.23 MB"."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"


def gigabytes(count: float) -> str:
    """Bytes in gigabytes of 10^9, whatever their number, so that two amounts compare."""
    return f"{count / 1e9:.3g} GB"


def many(count: int, noun: str, nouns: str = "") -> str:
    """A count with its noun: "1 trial", "3 trials"."""
    return f"{count} {noun}" if count == 1 else f"{count} {nouns or noun + 's'}"


# ---- published numbers ----


def published(value: float, digits: int, spread: float, status: str) -> str:
    """A published number as it was printed, with a suffix for how far its source was checked."""
    return with_spread(value, digits, spread) + STATUS_SUFFIX[status]


def with_spread(value: float, digits: int, spread: float) -> str:
    """A number with the published spread over runs, if there is one."""
    return number(value, digits) + (f" ± {spread:g}" if spread else "")
