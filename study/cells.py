"""Numbers into the text of cells: scale, unit, rounding and sign are here and nowhere else."""

import math
from typing import Any, Protocol

from study.metrics import Metric
from study.spec import Printed

ABSENT = "--"
DIVERGED = "diverged"
TENFOLD = 10
TIED = "≈"
MARKS = {"verified": "", "derived": "*", "unverified": "?"}
"""What a published number carries behind it."""


class Interval(Protocol):
    """A value and the ends of the interval around it."""

    @property
    def value(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


def name(metric: Metric) -> str:
    return metric.label.partition(" (")[0]


def rule(metric: Metric) -> str:
    """How it is counted, where there are several ways."""
    return metric.label.partition(" (")[2].removesuffix(")")


def head(metric: Metric) -> str:
    """Label, unit and rule of counting: "MACs (G, all)"."""
    inside = ", ".join(filter(None, [metric.unit, rule(metric)]))
    return f"{name(metric)} ({inside})" if inside else name(metric)


def difference_unit(metric: Metric) -> str:
    """That of two percentages is points."""
    return "pp" if metric.unit == "%" else metric.unit


def effect_head(metric: Metric, seeds: int) -> str:
    """Of an absolute difference."""
    unit = difference_unit(metric)
    shown = f"Δ {name(metric)} ({unit})" if unit else f"Δ {name(metric)}"
    return f"{shown} [95 % CI]" if seeds > 1 else shown


# ---- numbers ----


def number(value: float, digits: int, *, signed: bool = False) -> str:
    """With a real minus sign, and none on what rounds to zero."""
    if not math.isfinite(value):
        return ABSENT
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    if not text.strip("+-0."):
        return text.lstrip("+-")
    return text.replace("-", "−")


def measured(value: float, metric: Metric, *, signed: bool = False) -> str:
    """A value in base units, printed in those of the table."""
    return number(value * metric.scale, metric.digits, signed=signed)


def rounded(value: float, metric: Metric) -> float:
    return round(value * metric.scale, metric.digits)


def replicates(estimate: Any, metric: Metric, seeds: int) -> str:
    """A row of `stats.estimates` as mean ± sd, with the seeds that are in where some are not."""
    text = measured(estimate.mean, metric)
    if text != ABSENT and math.isfinite(estimate.sd):
        text += f" ± {measured(estimate.sd, metric)}"
    return text + _incomplete(text, estimate.n, seeds)


def parts(found: Any, metric: Metric, *names: str) -> dict[str, str]:
    """What a text says, number by number."""
    values = {name: float(getattr(found, name)) for name in names}
    return {name: measured(v, metric) for name, v in values.items() if math.isfinite(v)}


def effect(found: Any, metric: Metric, seeds: int) -> str:
    """A row of `stats.effects` as a difference with its interval."""
    text = measured(found.mean, metric, signed=True)
    if text != ABSENT and found.n > 1:
        low, high = measured(found.low, metric), measured(found.high, metric)
        text += f" [{low}, {high}]" if math.isfinite(found.low) else f" [{ABSENT}]"
    return text + _incomplete(text, found.n, seeds)


def timing(estimate: Any, metric: Metric, ratio: Interval | None = None,
           resolution: float = math.inf) -> str:  # fmt: skip
    """The median, with its ratio to the baseline; lowest and highest round where there is none."""
    text = measured(estimate.mean, metric)
    if text != ABSENT and ratio:
        return f"{text} ({times(ratio, resolution)})"
    if text == ABSENT or not math.isfinite(estimate.low):
        return text
    return f"{text} [{measured(estimate.low, metric)}, {measured(estimate.high, metric)}]"


def times(ratio: Interval, resolution: float) -> str:
    """A ratio with its interval, and a word before it where it is not `conclusive`."""
    value, low, high = map(multiple, (ratio.value, ratio.low, ratio.high))
    word = "" if conclusive(ratio, resolution) else "inconclusive "
    return f"{word}×{value} [{low}, {high}]"


def multiple(ratio: float) -> str:
    return number(ratio, 1 if ratio >= TENFOLD else 3)


def conclusive(ratio: Interval, resolution: float) -> bool:
    """Whether the interval leaves out 1, or includes it and is no wider than `resolution`."""
    if not ratio.low <= 1 <= ratio.high:
        return True
    return math.log(ratio.high / ratio.low) <= resolution


def disturbed(share: float) -> str:
    """What is said of rounds in which others had the CPUs; "" where there are next to none."""
    if share < 0.05:
        return ""
    return (
        f"others had the CPUs in {100 * share:.0f} % of rounds, which ratios leave out if they can"
    )


def change(value: float, base: float) -> str:
    """The relative difference; what is ten times as much or more, as a multiple."""
    if base and value / base >= TENFOLD:
        return f"×{value / base:,.0f}"
    return f"{number(100 * (value / base - 1), 1, signed=True)} %" if base else ABSENT


def _incomplete(text: str, n: int, seeds: int) -> str:
    return f" ({n}/{seeds})" if text != ABSENT and n < seeds else ""


# ---- published ----


def published(printed: Printed | None) -> str:
    """As it was printed, with a mark of how sure it is."""
    if printed is None:
        return ABSENT
    return with_spread(printed.value, printed.digits, printed.spread) + MARKS[printed.status]


def with_spread(value: float, digits: int, spread: float) -> str:
    """A printed number, and the spread over runs that was printed beside it."""
    return number(value, digits) + (f" ± {spread:g}" if spread else "")
