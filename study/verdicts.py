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

from study import cells, evidence, stats
from study.errors import SpecError
from study.evidence import CHANGE, DIFFERENCE, LEVEL, Evidence, Side, Span
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


class Verdict(NamedTuple):
    word: str
    why: str
    seeds: str = ""
    """In all, that would decide what is underpowered."""


NOTHING = Verdict("", "")  # there is nothing to compare with
DIVERGED = Verdict(CONTRADICTED, "diverged")


@dataclass(frozen=True, eq=False)
class Cell:
    """A printed number, in units of the table, and what was measured of it."""

    row: str
    arm: str
    status: str
    unlike: str
    printed: float
    digits: int
    side: Side

    @property
    def metric(self) -> Metric:
        return self.side.metric

    @property
    def level(self) -> Evidence:
        return evidence.evidence(LEVEL, self.side).scaled(self.metric.scale)

    @property
    def half(self) -> float:
        """Of one unit of the last digit: what rounding may have hidden."""
        return 0.5 * 10.0**-self.digits

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
        name, level = cell.side.name, cell.level
        peers = [c for c in table if c.side.name == name and c.arm != cell.arm and not c.unlike]
        found = _aspects(cell, peers, baseline=baseline, margin=margins.get(name))
        spread = (math.nan, math.nan) if cell.metric.exact else (level.low, level.high)
        numbers = (cell.printed, cell.digits, level.value, *spread)
        rows.append((cell.row, cell.arm, name, cell.status, *numbers, *sum(found, ())))
    return pd.DataFrame(rows, columns=list(COLUMNS))


# ---- what is measured of one cell, and between two ----


def _table(published: pd.DataFrame, frame: pd.DataFrame) -> Iterator[Cell]:
    measured = dict(iter(frame.groupby(["arm", "metric"])))
    ratios = {name: evidence.ratios(frame, name) for name in set(frame["metric"])}
    for one in published[published["status"].isin(SURE)].to_dict("records"):
        row, arm, name, printed = one["row"], one["arm"], one["metric"], float(one["value"])
        if (part := measured.get((arm, name))) is None:
            continue
        if METRICS[name].kind == "speed" and not printed > 0:
            raise SpecError(f"published {name} of {row} is not above 0: {printed}")
        side = evidence.side(row, name, part, ratios[name].get(arm))
        if side.values:
            yield Cell(row, arm, one["status"], one["unlike"], printed, int(one["digits"]), side)


def _sign(one: Cell, other: Cell, *, confidence: float = stats.CONFIDENCE) -> int | None:
    """Of their difference; what diverged is worse than what did not."""
    return evidence.evidence(DIFFERENCE, one.side, other.side, confidence=confidence).sign


def _printed(one: Cell, other: Cell) -> float:
    """The difference; of speeds in per cent."""
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
    if cell.side.diverged:
        return DIVERGED
    if kind == "cost":
        margin = max(margin or 0.0, cell.half)
    trend = kind == "quality" and base is not None and _trend(cell, base)
    return _judgement(cell, cell.level, cell.printed, margin=margin, trend=trend)


def _difference(cell: Cell, base: Cell | None, margin: float | None) -> Verdict:
    if base is None:
        return NOTHING
    if cell.side.diverged or base.side.diverged:
        return DIVERGED if cell.side.diverged else Verdict(CONTRADICTED, "the baseline diverged")
    quantity, scale = DIFFERENCE, cell.metric.scale
    if cell.metric.kind == "cost":
        margin = max(margin or 0.0, cell.half + base.half)
    if cell.metric.kind == "speed":
        quantity, scale = CHANGE, 100
        margin = margin and margin * cell.printed / base.printed
    found = evidence.evidence(quantity, cell.side, base.side).scaled(scale)
    trend = _trend(cell, base)
    return _judgement(cell, found, _printed(cell, base), margin=margin, trend=trend, signed=True)


def _trend(cell: Cell, base: Cell) -> bool:
    """Whether the 95 % interval of the difference lies wholly on the printed side of zero."""
    printed = _printed(cell, base)
    return not base.side.diverged and _sign(cell, base) == (printed > 0) - (printed < 0)


def _ranking(cell: Cell, peers: list[Cell]) -> Verdict:
    """Pair by pair; what was printed alike is in no order.

    Of many pairs one is soon reversed by chance: a reversal counts if it holds of all together.
    """
    pairs = {
        peer: 1 if cell.printed > peer.printed else -1
        for peer in peers
        if abs(cell.printed - peer.printed) >= (1 - stats.ROUNDING) * (cell.half + peer.half)
    }
    if not pairs:
        return NOTHING
    if cell.side.diverged:
        return DIVERGED
    for peer, order in pairs.items():
        if _sign(cell, peer, confidence=stats.corrected(len(pairs))) not in (None, order):
            return Verdict(CONTRADICTED, _reversal(cell, peer))
    if undecided := sum(_sign(cell, peer) != order for peer, order in pairs.items()):
        return Verdict(UNDERPOWERED, f"{undecided} of {len(pairs)} pairs are undecided")
    return Verdict(REPRODUCED, f"pairs in the printed order: {len(pairs)} of {len(pairs)}")


def _reversal(cell: Cell, peer: Cell) -> str:
    ours, theirs = cell.shown(cell.level.value), cell.shown(peer.level.value)
    printed = f"printed {cell.shown(cell.printed)} against {cell.shown(peer.printed)} of {peer.row}"
    return f"{printed}, measured {ours} against {cells.DIVERGED if peer.side.diverged else theirs}"


# ---- an interval against a margin ----


def _judgement(
    cell: Cell, found: Evidence, printed: float,
    *, margin: float | None, trend: bool, signed: bool = False,
) -> Verdict:  # fmt: skip
    if margin is None:
        return Verdict(NOT_COMPARABLE, f"no margin is stated for {cell.side.name}")
    if math.isnan(found.low):
        return Verdict(UNDERPOWERED, found.note)
    reach = margin + stats.ROUNDING * (abs(printed) + margin)  # what lies on it is within it
    span = Span(printed - reach, printed + reach)
    why = _sentence(cell, found, printed, margin=margin, signed=signed)
    state = found.state(span)
    if state == "supported":
        return Verdict(REPRODUCED, why)
    if state == "undecided":
        seeds = found.seeds(span)
        told = evidence.deciding(seeds) if seeds else "the spread is too wide"
        return Verdict(UNDERPOWERED, f"{why}; {told}", seeds)
    if trend:
        return Verdict(TREND_ONLY, f"{why}; only the sign of the difference holds")
    return Verdict(CONTRADICTED, why)


def _sentence(cell: Cell, found: Evidence, printed: float, *, margin: float, signed: bool) -> str:
    shown = partial(cell.shown, signed=signed)
    unit = " %" if signed and cell.metric.kind == "speed" else ""
    span = f" [{shown(found.low)}, {shown(found.high)}]" if found.low < found.high else ""
    told = f"printed {shown(printed)} ± {margin:.4g}{unit}"
    return ", ".join(filter(None, [f"{shown(found.value)}{span}{unit}", found.note, told]))
