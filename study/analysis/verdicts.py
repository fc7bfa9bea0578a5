"""Verdicts on published numbers: reproduced, contradicted, or neither, by an equivalence test.

A published number is reproduced if the whole interval lies within a stated margin of it. A test
that finds no difference would not show that the two agree.
"""

import math
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import pandas as pd

from study import format, stats
from study.analysis import ranges
from study.analysis.image_hits import NO_HITS, ImageHits
from study.analysis.outcomes import NO_OUTCOMES, Outcomes
from study.analysis.published_values import (
    PublishedValue,
    measured_sign,
    ordered_pairs,
    published_difference,
    published_order,
    published_spread,
    published_values,
)
from study.analysis.quantities import (
    CHANGE,
    DIFFERENCE,
    NO_RATIOS,
    ArmValues,
    MeasuredRange,
    Span,
    SpeedRatios,
)
from study.spec.metric import Catalogue

REPRODUCED = "reproduced"
TREND_ONLY = "trend only"  # outside the margin, but different from the baseline as published
CONTRADICTED = "contradicted"
UNDERPOWERED = "underpowered"  # undecided as yet: more seeds could decide
NOT_COMPARABLE = "not comparable"  # the protocols differ, or no margin is stated
DIVERGED = format.DIVERGED  # a seed diverged, which decides nothing about the number

ASPECTS = ("level", "difference", "ranking")
KEYS = ("row", "arm", "metric", "status", "printed", "digits", "spread", "measured", "low", "high")
VERDICT_COLUMNS = (*KEYS, *(aspect + end for aspect in ASPECTS for end in ("", "_why", "_seeds")))


class Verdict(NamedTuple):
    word: str
    why: str
    seeds: str = ""
    """Seeds in total that would decide an underpowered verdict, with their range, as text."""


NOTHING = Verdict("", "")  # the aspect has no other row to compare with


def verdicts(
    published: pd.DataFrame,
    frame: pd.DataFrame,
    *,
    catalogue: Catalogue,
    baseline: str,
    margins: Mapping[str, float],
    ratios: SpeedRatios = NO_RATIOS,
    hits: ImageHits = NO_HITS,
    how: stats.Inference = stats.FIXED,
    outcomes: Outcomes = NO_OUTCOMES,
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
    table = list(
        published_values(
            published, frame, ratios, hits, catalogue=catalogue, how=how, outcomes=outcomes
        )
    )
    rows = []
    # A table without pairs still needs a valid confidence.
    together = stats.corrected(max(1, ordered_pairs(table)))
    for value in table:
        name, level = value.ours.name, value.level
        others = (peer for peer in table if peer.ours.name == name and peer.arm != value.arm)
        peers = [peer for peer in others if not peer.unlike]
        margin = margins.get(name)
        aspects = _aspects(value, peers, baseline=baseline, margin=margin, together=together)
        spread = (math.nan, math.nan) if value.metric.exact else (level.low, level.high)
        numbers = (value.printed, value.digits, value.spread, level.value, *spread)
        rows.append((value.row, value.arm, name, value.status, *numbers, *sum(aspects, ())))
    return pd.DataFrame(rows, columns=list(VERDICT_COLUMNS))


# ---- the three aspects ----


def _aspects(
    value: PublishedValue,
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
    if value.unlike:
        unlike = Verdict(NOT_COMPARABLE, value.unlike)
        return unlike, NOTHING if value.arm == baseline else unlike, unlike
    return (
        _level(value, base, margin),
        _difference(value, base, margin),
        _ranking(value, peers, together),
    )


def _level(value: PublishedValue, base: PublishedValue | None, margin: float | None) -> Verdict:
    kind = value.metric.kind
    if kind == "speed":
        what = format.name(value.metric).lower()
        return Verdict(NOT_COMPARABLE, f"a {what} is comparable only as a ratio between rows")
    if value.ours.diverged:
        return _diverged(value.ours)
    if kind == "cost":
        margin = max(margin or 0.0, value.half)  # rounding alone may move a count that far
    trend = kind == "quality" and base is not None and _trend(value, base)
    return _equivalence(
        value, value.level, value.printed, margin=margin, spread=value.spread, trend=trend
    )


def _difference(
    value: PublishedValue, base: PublishedValue | None, margin: float | None
) -> Verdict:
    if base is None:
        return NOTHING
    if value.ours.diverged or base.ours.diverged:
        return _diverged(value.ours, base.ours)
    quantity, scale = DIFFERENCE, value.metric.scale
    if value.metric.kind == "cost":
        margin = max(margin or 0.0, value.half + base.half)
    if value.metric.kind == "speed":
        quantity, scale = CHANGE, 100
        # None must stay None: without a stated margin there is no verdict.
        margin = margin and margin * value.printed / base.printed  # stated in per cent of the ratio
    measured = ranges.measured_range(quantity, value.ours, base.ours).scaled(scale)
    trend, spread = _trend(value, base), published_spread(value, base)
    return _equivalence(
        value,
        measured,
        published_difference(value, base),
        margin=margin,
        spread=spread,
        trend=trend,
        signed=True,
    )


def _trend(value: PublishedValue, base: PublishedValue) -> bool:
    """True if the whole 95 % interval of the difference lies on the published side of zero."""
    printed = published_difference(value, base)
    direction = (printed > 0) - (printed < 0)
    apart = abs(printed) > published_spread(value, base) or not direction
    return apart and measured_sign(value, base) == direction


def _ranking(value: PublishedValue, peers: list[PublishedValue], together: float) -> Verdict:
    """The verdict on the order of a number among the others; equal numbers have no order.

    Among many pairs one is easily reversed by noise, so a reversal counts only at the confidence
    `together`, which is corrected for all pairs of the table.
    """
    pairs = {peer: order for peer in peers if (order := published_order(value, peer))}
    if not pairs:
        return NOTHING
    if value.ours.diverged:
        return _diverged(value.ours)
    for peer, order in pairs.items():
        # A reversal is an accusation, so it needs the confidence of all pairs together.
        if measured_sign(value, peer, confidence=together) not in (None, order):
            return Verdict(CONTRADICTED, _reversal(value, peer))
    # All pairs must hold, so none needs a correction (intersection-union test, Berger 1982).
    if undecided := sum(measured_sign(value, peer) != order for peer, order in pairs.items()):
        return Verdict(UNDERPOWERED, f"{undecided} of {len(pairs)} pairs are undecided")
    return Verdict(REPRODUCED, f"pairs in the published order: {len(pairs)} of {len(pairs)}")


def _reversal(value: PublishedValue, peer: PublishedValue) -> str:
    ours, theirs = value.text(value.level.value), value.text(peer.level.value)
    printed = f"published {value.text(value.printed)}, {peer.row} {value.text(peer.printed)}"
    return f"{printed}; measured {ours}, {peer.row} {theirs}"


# Why a seed diverged may be a learning rate or a bug: it is no measurement of the number printed.
def _diverged(*sides: ArmValues) -> Verdict:
    return Verdict(DIVERGED, ranges.divergence(*sides))


# ---- an interval against a margin ----


def _equivalence(
    value: PublishedValue,
    measured: MeasuredRange,
    printed: float,
    *,
    margin: float | None,
    spread: float,
    trend: bool,
    signed: bool = False,
) -> Verdict:
    if margin is None and not spread:
        return Verdict(NOT_COMPARABLE, f"no margin is stated for {value.ours.name}")
    if math.isnan(measured.low):
        return Verdict(UNDERPOWERED, measured.note)
    margin = (margin or 0.0) + spread
    # Binary fractions put a value on the margin just outside it; such a value counts as inside.
    reach = margin + stats.ROUNDING * (abs(printed) + margin)
    span = Span(printed - reach, printed + reach)
    why = _sentence(value, measured, printed, margin=margin, spread=spread, signed=signed)
    state = measured.state(span)
    if state == "supported":
        return Verdict(REPRODUCED, why)
    if state == "undecided":
        needed = measured.seeds_text(span) or "the spread is too wide"
        return Verdict(UNDERPOWERED, f"{why}; {needed}", measured.seeds(span))
    if trend:
        return Verdict(TREND_ONLY, f"{why}; only the sign of the difference agrees")
    return Verdict(CONTRADICTED, why)


def _sentence(
    value: PublishedValue,
    measured: MeasuredRange,
    printed: float,
    *,
    margin: float,
    spread: float,
    signed: bool,
) -> str:
    text = partial(value.text, signed=signed)
    unit = " %" if signed and value.metric.kind == "speed" else ""
    span = f" [{text(measured.low)}, {text(measured.high)}]" if measured.low < measured.high else ""
    target = f"published {text(printed)} ± {margin:.4g}{unit}"
    target += f", of which {spread:.4g} is the published spread" if spread else ""
    return ", ".join(filter(None, [f"{text(measured.value)}{span}{unit}", measured.note, target]))
