"""A measured study beside the numbers that a paper printed: what the one says of the other.

By equivalence: a printed number is reproduced when the whole interval lies within a stated margin
of it. That a test fails to tell the two apart is no evidence that they agree.
"""

from __future__ import annotations  # pandas is for reports: plans must start without it

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from study import cells, stats
from study.errors import SpecError
from study.metrics import METRICS, Metric

if TYPE_CHECKING:
    import pandas as pd

REPRODUCED = "reproduced"
TREND_ONLY = "trend only"
CONTRADICTED = "contradicted"
UNDERPOWERED = "underpowered"
NOT_COMPARABLE = "not comparable"
WORDS = (REPRODUCED, TREND_ONLY, CONTRADICTED, UNDERPOWERED, NOT_COMPARABLE)

ASPECTS = ("level", "difference", "ranking")
KEYS = ("row", "arm", "metric", "status", "printed", "digits", "measured", "low", "high")
COLUMNS = (*KEYS, *(aspect + end for aspect in ASPECTS for end in ("", "_why", "_seeds")))
SURE = ("verified", "derived")  # nothing is judged by an unverified number
SPREADLESS = {  # by seeds
    None: "taken once: no spread",
    0: "no seed is shared with the baseline; at least 2 are needed",
    1: "one seed has no spread; at least 2 are needed",
}


class Verdict(NamedTuple):
    word: str
    why: str
    seeds: str = ""
    """In all, that would probably decide what is underpowered."""


NOTHING = Verdict("", "")  # there is nothing to compare with
DIVERGED = Verdict(CONTRADICTED, "diverged")


class Estimate(NamedTuple):
    """What was measured, and how far it may be off; an exact count by nothing: low == high."""

    value: float
    low: float
    high: float
    n: int | None = None
    """Seeds; None of what has none."""
    sd: float = math.nan

    @property
    def sign(self) -> int | None:
        """Of a difference: 0 if it is exactly none, None where the interval leaves it open."""
        if self.low > 0 or self.high < 0:
            return 1 if self.low > 0 else -1
        return 0 if self.low == self.high else None


@dataclass(frozen=True, eq=False)
class Cell:
    """A printed number and what was measured of it, in units of the table."""

    row: str
    arm: str
    name: str
    """Of the metric."""
    status: str
    unlike: str
    printed: float
    digits: int
    values: pd.Series[float]
    """By seed."""
    level: Estimate

    @property
    def metric(self) -> Metric:
        return METRICS[self.name]

    @property
    def half(self) -> float:
        """Of one unit of the last digit: what rounding may have hidden."""
        return 0.5 * 10.0**-self.digits

    @property
    def diverged(self) -> bool:
        return self.metric.kind == "quality" and bool(self.values.isna().any())

    def shown(self, value: float, *, signed: bool = False) -> str:
        return cells.number(value, max(self.digits, self.metric.digits), signed=signed)


def verdicts(
    published: pd.DataFrame, frame: pd.DataFrame, *, baseline: str, margins: Mapping[str, float]
) -> pd.DataFrame:
    """One row per published cell that is sure enough and was measured; a word for each aspect.

    `published` has the columns row, arm, metric, value, digits, status, and unlike: why its
    protocol and ours cannot be compared. `margins` are in units of the table, for speeds in per
    cent of the ratio. Beside the word of each aspect ("" where there is nothing to compare with)
    stands its reason: `level`, `level_why` and so on.

    Raises:
        SpecError: a printed speed of zero or less, of which there is no ratio.
    """
    import pandas as pd

    table, rows = list(_table(published, frame)), []
    for cell in table:
        peers = [c for c in table if c.name == cell.name and c.arm != cell.arm and not c.unlike]
        found = _aspects(cell, peers, baseline=baseline, margin=margins.get(cell.name))
        spread = (math.nan, math.nan) if cell.metric.exact else (cell.level.low, cell.level.high)
        numbers = (cell.printed, cell.digits, cell.level.value, *spread)
        rows.append((cell.row, cell.arm, cell.name, cell.status, *numbers, *sum(found, ())))
    return pd.DataFrame(rows, columns=list(COLUMNS))


# ---- what is measured of one cell, and between two ----


def _table(published: pd.DataFrame, frame: pd.DataFrame) -> Iterator[Cell]:
    measured = dict(iter(frame.groupby(["arm", "metric"])))
    for one in published[published["status"].isin(SURE)].to_dict("records"):
        if (part := measured.get((one["arm"], one["metric"]))) is None:
            continue
        metric, printed = METRICS[one["metric"]], float(one["value"])
        if metric.kind == "speed" and not printed > 0:
            raise SpecError(f"published {one['metric']} of {one['row']} is not above 0: {printed}")
        values = part.set_index("seed")[["value", "low", "high"]] * metric.scale
        yield Cell(
            one["row"], one["arm"], one["metric"], one["status"], one["unlike"],
            printed, int(one["digits"]), values["value"], _level_of(values, metric),
        )  # fmt: skip


def _level_of(values: pd.DataFrame, metric: Metric) -> Estimate:
    if metric.kind == "quality":
        return _sampled(values["value"])
    value, low, high = values.iloc[0]
    return Estimate(value, value, value) if metric.exact else Estimate(value, low, high)


def _sampled(values: pd.Series[float]) -> Estimate:
    low, high = stats.interval(values.to_numpy(float))
    mean, sd = values.mean(skipna=False), values.std(skipna=False)
    return Estimate(float(mean), low, high, len(values), float(sd))


def _measured(one: Cell, other: Cell) -> Estimate:
    """The difference; of speeds in per cent, from slow rounds over fast ones to the reverse."""
    a, b = one.level, other.level
    if one.metric.kind == "quality":
        shared = one.values.index.intersection(other.values.index)
        return _sampled(one.values[shared] - other.values[shared])
    if one.metric.kind == "speed":
        value, low, high = a.value / b.value, a.low / b.high, a.high / b.low
        return Estimate(100 * (value - 1), 100 * (low - 1), 100 * (high - 1))
    difference = a.value - b.value
    return Estimate(difference, difference, difference)


def _printed(one: Cell, other: Cell) -> float:
    if one.metric.kind == "speed":
        return 100 * (one.printed / other.printed - 1)
    return one.printed - other.printed


# ---- the three aspects ----


def _aspects(
    cell: Cell, peers: list[Cell], *, baseline: str, margin: float | None
) -> tuple[Verdict, Verdict, Verdict]:
    """`peers` are the comparable cells of the same metric and of other arms."""
    bases = [peer for peer in peers if peer.arm == baseline]
    base = max(bases, key=lambda peer: (peer.digits, peer.row), default=None)
    if cell.unlike:
        unlike = Verdict(NOT_COMPARABLE, cell.unlike)
        return unlike, NOTHING if cell.arm == baseline else unlike, unlike
    return _level(cell, base, margin), _difference(cell, base, margin), _ranking(cell, peers)


def _level(cell: Cell, base: Cell | None, margin: float | None) -> Verdict:
    kind = cell.metric.kind
    if kind == "speed":
        what = cells.name(cell.metric).lower()
        return Verdict(NOT_COMPARABLE, f"a {what} is comparable only as a ratio between rows")
    if cell.diverged:
        return DIVERGED
    if kind == "cost":
        margin = max(margin or 0.0, cell.half)
    trend = kind == "quality" and base is not None and _trend(cell, base)
    return _judgement(cell, cell.level, cell.printed, margin=margin, trend=trend)


def _difference(cell: Cell, base: Cell | None, margin: float | None) -> Verdict:
    if base is None:
        return NOTHING
    if cell.diverged or base.diverged:
        return DIVERGED if cell.diverged else Verdict(CONTRADICTED, "the baseline diverged")
    if cell.metric.kind == "cost":
        margin = max(margin or 0.0, cell.half + base.half)
    if cell.metric.kind == "speed" and margin is not None:
        margin *= cell.printed / base.printed
    found, printed = _measured(cell, base), _printed(cell, base)
    return _judgement(cell, found, printed, margin=margin, trend=_trend(cell, base), signed=True)


def _trend(cell: Cell, base: Cell) -> bool:
    """Whether the difference has the printed sign, beyond doubt."""
    printed = _printed(cell, base)
    return not base.diverged and _measured(cell, base).sign == (printed > 0) - (printed < 0)


def _ranking(cell: Cell, peers: list[Cell]) -> Verdict:
    """Pair by pair; what was printed alike is in no order."""
    apart = {peer: abs(cell.printed - peer.printed) / (cell.half + peer.half) for peer in peers}
    pairs = [peer for peer in peers if apart[peer] >= 1 - stats.ROUNDING]
    if not pairs:
        return NOTHING
    if cell.diverged:
        return DIVERGED
    orders = [_order(cell, peer) for peer in pairs]
    for peer, order in zip(pairs, orders, strict=True):
        if order not in (None, 1 if cell.printed > peer.printed else -1):
            return Verdict(CONTRADICTED, _reversal(cell, peer))
    if None in orders:
        return Verdict(UNDERPOWERED, f"{orders.count(None)} of {len(pairs)} pairs are undecided")
    return Verdict(REPRODUCED, f"pairs in the printed order: {len(pairs)} of {len(pairs)}")


def _order(one: Cell, other: Cell) -> int | None:
    """The sign of their difference; what diverged is worse than what did not."""
    if other.diverged:
        return 1 if one.metric.better == "higher" else -1
    return _measured(one, other).sign


def _reversal(cell: Cell, peer: Cell) -> str:
    ours, theirs = cell.shown(cell.level.value), cell.shown(peer.level.value)
    printed = f"printed {cell.shown(cell.printed)} against {cell.shown(peer.printed)} of {peer.row}"
    return f"{printed}, measured {ours} against {cells.DIVERGED if peer.diverged else theirs}"


# ---- an interval against a margin ----


def _judgement(
    cell: Cell, found: Estimate, printed: float,
    *, margin: float | None, trend: bool, signed: bool = False,
) -> Verdict:  # fmt: skip
    if margin is None:
        return Verdict(NOT_COMPARABLE, f"no margin is stated for {cell.name}")
    if math.isnan(found.low):
        return Verdict(UNDERPOWERED, SPREADLESS.get(found.n, f"{found.n} seeds show no spread"))
    low, high = printed - margin, printed + margin
    slack = stats.ROUNDING * max(abs(low), abs(high))  # what lies on the margin is within it
    why = _sentence(cell, found, printed, margin=margin, signed=signed)
    if low - slack <= found.low and found.high <= high + slack:
        return Verdict(REPRODUCED, why)
    if found.low <= high and low <= found.high:
        seeds = _needed(found, low, high)
        told = f"{seeds} seeds in all would decide" if seeds else "rounds spread too far"
        return Verdict(UNDERPOWERED, f"{why}; {told}", seeds)
    if trend:
        return Verdict(TREND_ONLY, f"{why}; only the sign of the difference holds")
    return Verdict(CONTRADICTED, why)


def _sentence(cell: Cell, found: Estimate, printed: float, *, margin: float, signed: bool) -> str:
    shown = partial(cell.shown, signed=signed)
    unit = " %" if signed and cell.metric.kind == "speed" else ""
    span = f" [{shown(found.low)}, {shown(found.high)}]" if found.low < found.high else ""
    return f"{shown(found.value)}{span}{unit}, printed {shown(printed)} ± {margin:.4g}{unit}"


def _needed(found: Estimate, low: float, high: float) -> str:
    if found.n is None:
        return ""
    needed = stats.seeds_needed(found.value, found.sd, low=low, high=high)
    return str(needed or f"more than {stats.MOST_SEEDS}")
