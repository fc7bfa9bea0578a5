"""Verdicts on published numbers: reproduced, contradicted, or neither, by an equivalence test.

A published number is reproduced if the whole interval lies within a stated margin of it. A test
that finds no difference would not show that the two agree.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import NamedTuple

import pandas as pd

from study import format, stats
from study.analysis import quantities
from study.analysis.quantities import CHANGE, DIFFERENCE, LEVEL, ArmValues, MeasuredRange, Span
from study.analysis.verdict_rows import PublishedRow
from study.errors import SpecError
from study.metrics import METRICS, Metric

REPRODUCED = "reproduced"
TREND_ONLY = "trend only"
CONTRADICTED = "contradicted"
UNDERPOWERED = "underpowered"
NOT_COMPARABLE = "not comparable"
VERDICT_WORDS = (REPRODUCED, TREND_ONLY, CONTRADICTED, UNDERPOWERED, NOT_COMPARABLE)

ASPECTS = ("level", "difference", "ranking")
KEYS = ("row", "arm", "metric", "status", "printed", "digits", "spread", "measured", "low", "high")
VERDICT_COLUMNS = (*KEYS, *(aspect + end for aspect in ASPECTS for end in ("", "_why", "_seeds")))
SURE = ("verified", "derived")  # an unverified number may be a typing error of ours


class Verdict(NamedTuple):
    word: str
    why: str
    seeds: str = ""
    """Number of seeds in total that would decide an underpowered verdict, as text."""


NOTHING = Verdict("", "")  # the aspect has no other row to compare with
DIVERGED = Verdict(CONTRADICTED, "diverged")


@dataclass(frozen=True, eq=False)
class PublishedValue:
    """A published number, in units of the table, with the measured values of the same arm."""

    row: str
    arm: str
    status: str
    unlike: str
    printed: float
    digits: int
    side: ArmValues
    spread: float = 0.0
    """Spread over runs that was published with the number."""

    @property
    def metric(self) -> Metric:
        return self.side.metric

    @property
    def level(self) -> MeasuredRange:
        return quantities.measured_range(LEVEL, self.side).scaled(self.metric.scale)

    @property
    def half(self) -> float:
        """Half a unit of the last published digit: the largest rounding error."""
        return 0.5 * 10.0**-self.digits

    @property
    def reach(self) -> float:
        """The largest distance of the true value from the published one: rounding and spread."""
        return self.half + self.spread

    def text(self, value: float, *, signed: bool = False) -> str:
        return format.number(value, max(self.digits, self.metric.digits), signed=signed)


def verdicts(
    published: pd.DataFrame, frame: pd.DataFrame, *, baseline: str, margins: Mapping[str, float]
) -> pd.DataFrame:
    """One row per published number that is confirmed and was measured, with a word per aspect.

    `published` has the columns row, arm, metric, value, digits, status, unlike (why its protocol
    and ours cannot be compared) and optionally spread. `margins` are in units of the table, for
    speeds in per cent of the ratio. A published spread widens the margin (for a difference, the
    spreads of both numbers) and is the margin if no other is stated; numbers whose spreads overlap
    have no order. Rankings are corrected for all published pairs of the table. Each aspect has its
    word ("" if there is nothing to compare with) and its reason: `level`, `level_why` and so on.

    Raises:
        SpecError: a published speed is zero or less, so ratios to it do not exist.
    """
    import pandas as pd

    table, rows = list(_table(published, frame)), []
    # A table without pairs still needs a valid confidence.
    together = stats.corrected(max(1, _pairs(table)))
    for cell in table:
        name, level = cell.side.name, cell.level
        peers = [c for c in table if c.side.name == name and c.arm != cell.arm and not c.unlike]
        margin = margins.get(name)
        aspects = _aspects(cell, peers, baseline=baseline, margin=margin, together=together)
        spread = (math.nan, math.nan) if cell.metric.exact else (level.low, level.high)
        numbers = (cell.printed, cell.digits, cell.spread, level.value, *spread)
        rows.append((cell.row, cell.arm, name, cell.status, *numbers, *sum(aspects, ())))
    return pd.DataFrame(rows, columns=list(VERDICT_COLUMNS))


def _table(published: pd.DataFrame, frame: pd.DataFrame) -> Iterator[PublishedValue]:
    measured = {(str(a), str(m)): part for (a, m), part in frame.groupby(["arm", "metric"])}
    ratios = {name: quantities.ratios(frame, name) for name in {name for _, name in measured}}
    if "spread" not in published:
        published = published.assign(spread=0.0)
    for row in stats.typed_rows(published, PublishedRow):
        values = measured.get((row.arm, row.metric))
        if values is None or row.status not in SURE:
            continue
        # Written so that NaN is refused, too.
        if METRICS[row.metric].kind == "speed" and not row.value > 0:
            raise SpecError(f"published {row.metric} of {row.row} is not above 0: {row.value}")
        side = quantities.arm_values(row.row, row.metric, values, ratios[row.metric].get(row.arm))
        if side.values:
            named = row.row, row.arm, row.status, row.unlike
            yield PublishedValue(*named, float(row.value), row.digits, side, float(row.spread))


def _pairs(table: list[PublishedValue]) -> int:
    """Number of published pairs whose order noise may reverse; counts are exact and left out."""
    ordered = [cell for cell in table if not cell.metric.exact and not cell.unlike]
    return sum(
        first.side.name == second.side.name
        and first.arm != second.arm
        and bool(_order(first, second))
        for first, second in combinations(ordered, 2)
    )


def _order(first: PublishedValue, second: PublishedValue) -> int:
    """The published order of two numbers: 1, -1, or 0 if they are equal within rounding."""
    apart = first.printed - second.printed
    # The tolerance keeps numbers one printed unit apart ordered in spite of binary fractions.
    if abs(apart) < (1 - stats.ROUNDING) * (first.reach + second.reach):
        return 0
    return 1 if apart > 0 else -1


def _sign(
    first: PublishedValue, second: PublishedValue, *, confidence: float = stats.CONFIDENCE
) -> int | None:
    """The sign of the measured difference; a diverged arm is worse than one that did not."""
    return quantities.measured_range(
        DIFFERENCE, first.side, second.side, confidence=confidence
    ).sign


def _printed(first: PublishedValue, second: PublishedValue) -> float:
    """The published difference, for speeds in per cent of the other number."""
    if first.metric.kind == "speed":
        return 100 * (first.printed / second.printed - 1)
    return first.printed - second.printed


# ---- the three aspects ----


def _aspects(
    cell: PublishedValue,
    peers: list[PublishedValue],
    *,
    baseline: str,
    margin: float | None,
    together: float,
) -> tuple[Verdict, Verdict, Verdict]:
    """The verdicts on level, difference and ranking.

    `peers` are the comparable published numbers of the same metric and other arms.
    """
    # A paper may print its baseline in several rows; the one with most digits says most.
    bases = [peer for peer in peers if peer.arm == baseline]
    base = max(bases, key=lambda peer: (peer.digits, peer.row), default=None)
    if cell.unlike:
        unlike = Verdict(NOT_COMPARABLE, cell.unlike)
        return unlike, NOTHING if cell.arm == baseline else unlike, unlike
    return (
        _level(cell, base, margin),
        _difference(cell, base, margin),
        _ranking(cell, peers, together),
    )


def _level(cell: PublishedValue, base: PublishedValue | None, margin: float | None) -> Verdict:
    kind = cell.metric.kind
    if kind == "speed":
        what = format.name(cell.metric).lower()
        return Verdict(NOT_COMPARABLE, f"a {what} is comparable only as a ratio between rows")
    if cell.side.diverged:
        return DIVERGED
    if kind == "cost":
        margin = max(margin or 0.0, cell.half)  # rounding alone may move a count that far
    trend = kind == "quality" and base is not None and _trend(cell, base)
    return _equivalence(
        cell, cell.level, cell.printed, margin=margin, spread=cell.spread, trend=trend
    )


def _difference(cell: PublishedValue, base: PublishedValue | None, margin: float | None) -> Verdict:
    if base is None:
        return NOTHING
    if cell.side.diverged or base.side.diverged:
        return DIVERGED if cell.side.diverged else Verdict(CONTRADICTED, "the baseline diverged")
    quantity, scale = DIFFERENCE, cell.metric.scale
    if cell.metric.kind == "cost":
        margin = max(margin or 0.0, cell.half + base.half)
    if cell.metric.kind == "speed":
        quantity, scale = CHANGE, 100
        # None must stay None: without a stated margin there is no verdict.
        margin = margin and margin * cell.printed / base.printed  # stated in per cent of the ratio
    measured = quantities.measured_range(quantity, cell.side, base.side).scaled(scale)
    trend, spread = _trend(cell, base), _spread(cell, base)
    return _equivalence(
        cell, measured, _printed(cell, base), margin=margin, spread=spread, trend=trend, signed=True
    )


def _trend(cell: PublishedValue, base: PublishedValue) -> bool:
    """True if the whole 95 % interval of the difference lies on the published side of zero."""
    printed = _printed(cell, base)
    direction = (printed > 0) - (printed < 0)
    apart = abs(printed) > _spread(cell, base) or not direction
    return apart and not base.side.diverged and _sign(cell, base) == direction


def _spread(first: PublishedValue, second: PublishedValue) -> float:
    """The sum of both published spreads, for speeds in per cent of the ratio."""
    if first.metric.kind == "speed":
        relative = first.spread / first.printed + second.spread / second.printed
        return 100 * first.printed / second.printed * relative
    return first.spread + second.spread


def _ranking(cell: PublishedValue, peers: list[PublishedValue], together: float) -> Verdict:
    """The verdict on the order of a number among the others; equal numbers have no order.

    Among many pairs one is easily reversed by noise, so a reversal counts only at the confidence
    `together`, which is corrected for all pairs of the table.
    """
    pairs = {peer: order for peer in peers if (order := _order(cell, peer))}
    if not pairs:
        return NOTHING
    if cell.side.diverged:
        return DIVERGED
    for peer, order in pairs.items():
        # A reversal is an accusation, so it needs the confidence of all pairs together.
        if _sign(cell, peer, confidence=together) not in (None, order):
            return Verdict(CONTRADICTED, _reversal(cell, peer))
    # All pairs must hold, so none needs a correction (intersection-union test, Berger 1982).
    if undecided := sum(_sign(cell, peer) != order for peer, order in pairs.items()):
        return Verdict(UNDERPOWERED, f"{undecided} of {len(pairs)} pairs are undecided")
    return Verdict(REPRODUCED, f"pairs in the published order: {len(pairs)} of {len(pairs)}")


def _reversal(cell: PublishedValue, peer: PublishedValue) -> str:
    ours, theirs = cell.text(cell.level.value), cell.text(peer.level.value)
    printed = f"published {cell.text(cell.printed)}, {peer.row} {cell.text(peer.printed)}"
    other = format.DIVERGED if peer.side.diverged else theirs
    return f"{printed}; measured {ours}, {peer.row} {other}"


# ---- an interval against a margin ----


def _equivalence(
    cell: PublishedValue,
    measured: MeasuredRange,
    printed: float,
    *,
    margin: float | None,
    spread: float,
    trend: bool,
    signed: bool = False,
) -> Verdict:
    if margin is None and not spread:
        return Verdict(NOT_COMPARABLE, f"no margin is stated for {cell.side.name}")
    if math.isnan(measured.low):
        return Verdict(UNDERPOWERED, measured.note)
    margin = (margin or 0.0) + spread
    # Binary fractions put a value on the margin just outside it; such a value counts as inside.
    reach = margin + stats.ROUNDING * (abs(printed) + margin)
    span = Span(printed - reach, printed + reach)
    why = _sentence(cell, measured, printed, margin=margin, spread=spread, signed=signed)
    state = measured.state(span)
    if state == "supported":
        return Verdict(REPRODUCED, why)
    if state == "undecided":
        seeds = measured.seeds(span)
        needed = quantities.seeds_needed_text(seeds) if seeds else "the spread is too wide"
        return Verdict(UNDERPOWERED, f"{why}; {needed}", seeds)
    if trend:
        return Verdict(TREND_ONLY, f"{why}; only the sign of the difference agrees")
    return Verdict(CONTRADICTED, why)


def _sentence(
    cell: PublishedValue,
    measured: MeasuredRange,
    printed: float,
    *,
    margin: float,
    spread: float,
    signed: bool,
) -> str:
    text = partial(cell.text, signed=signed)
    unit = " %" if signed and cell.metric.kind == "speed" else ""
    span = f" [{text(measured.low)}, {text(measured.high)}]" if measured.low < measured.high else ""
    target = f"published {text(printed)} ± {margin:.4g}{unit}"
    target += f", of which {spread:.4g} is the published spread" if spread else ""
    return ", ".join(filter(None, [f"{text(measured.value)}{span}{unit}", measured.note, target]))
