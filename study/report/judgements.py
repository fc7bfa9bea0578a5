"""Verdicts and claims as tables of finished text."""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from study import cells, verdicts
from study.claims import Judgement
from study.judgement import Judged
from study.metrics import METRICS
from study.plan import Plan
from study.report.tables import Block, Cell, Row, Table, plain

HEADS = ("Published", "Measured", "Level", "Difference", "Ranking", "Why")


def verdict_table(plan: Plan, judged: Judged) -> Table | None:
    """What can be judged, metric by metric; what cannot be compared is in the notes."""
    shown = judged.verdicts[~_unlike(judged.verdicts)]
    if shown.empty:  # the notes of the main table say why
        return None
    blocks = (
        Block(cells.head(METRICS[str(metric)]), tuple(_row(plan, row) for row in part.itertuples()))
        for metric, part in shown.groupby("metric", sort=False)
    )
    return Table(
        name=plain(f"{plan.study.title}-verdicts"),
        caption=plain(
            "What was measured beside what was printed: the level, the difference from ● (of "
            "speeds the ratio) and the order among the printed rows. Reproduced: the whole "
            "interval lies within the margin. A timing is comparable only as a ratio between rows. "
            "Each level and difference is judged at 95 %; an order is contradicted only at the "
            "confidence that all printed pairs need together."
        ),
        heads=HEADS,
        blocks=tuple(blocks),
        notes=tuple(plain(note) for note in _notes(plan, judged)),
    )


def _unlike(found: pd.DataFrame) -> "pd.Series[bool]":
    """Rows of which nothing can be compared."""
    return found["unlike"] != ""


def _row(plan: Plan, row: Any) -> Row:
    metric = METRICS[row.metric]
    digits = max(row.digits, metric.digits)
    span = f" [{cells.number(row.low, digits)}, {cells.number(row.high, digits)}]"
    texts = (
        cells.with_spread(row.printed, row.digits, row.spread) + cells.MARKS[row.status],
        cells.number(row.measured, digits) + (span if row.low == row.low else ""),
        *(_verdict(row, aspect) for aspect in verdicts.ASPECTS),
        _why(row),
    )
    baseline = row.arm == plan.baseline.digest
    return Row(plain(row.row), baseline, tuple(Cell(plain(text)) for text in texts))


def _verdict(row: Any, aspect: str) -> str:
    word, seeds = getattr(row, aspect), getattr(row, f"{aspect}_seeds")
    return f"{word} ({seeds} seeds)" if seeds else str(word)


def _why(row: Any) -> str:
    """The reason of a cost, else that of the first aspect which is not as printed."""
    if row.reason:
        return str(row.reason)
    timed = METRICS[row.metric].kind == "speed"  # whose level never is, as the caption says
    for aspect in verdicts.ASPECTS[timed:]:
        if getattr(row, aspect) not in ("", verdicts.REPRODUCED):
            return f"{aspect}: {getattr(row, aspect + '_why')}"
    return ""


def _notes(plan: Plan, judged: Judged) -> Iterator[str]:
    yield from judged.sentences
    found = judged.verdicts
    for (metric, why), part in found[_unlike(found)].groupby(["metric", "level_why"], sort=False):
        rows = ", ".join(part["row"])
        yield f"{cells.name(METRICS[str(metric)])} not comparable ({rows}): {why}."
    if margins := plan.study.margins:
        stated = ", ".join(
            f"{cells.name(METRICS[name])} ±{m:g} {_unit(name)}" for name, m in margins.items()
        )
        yield f"Margins: {stated}; of costs, half a unit of the last printed digit."
    if found["spread"].any():
        yield "A spread that was printed widens the margin, or is the margin where none is stated."
    if "memory" in set(found["metric"]):
        yield "Peak memory is taken once: ± 1 %, within which its repeats lie, stands for a range."
    if n := judged.unverified:
        told = (
            "1 published number is unverified and enters"
            if n == 1
            else (f"{n} published numbers are unverified and enter")
        )
        yield f"{told} no verdict."


def _unit(name: str) -> str:
    metric = METRICS[name]
    return "%" if metric.kind == "speed" else cells.difference_unit(metric)


def claim_table(plan: Plan, judged: Sequence[Judgement]) -> Table | None:
    """What the study set out to test, and what came of it."""
    if not judged:
        return None
    rows = (
        Row(plain(one.claim.text), False, (Cell(one.state), Cell(plain(one.why)))) for one in judged
    )
    return Table(
        name=plain(f"{plan.study.title}-claims"),
        caption=plain(
            f"The study's claims, as measured here. Supported or contradicted: the whole "
            f"{_interval(judged)} says so, of timings that of the ratio or all rounds; counts are "
            "exact."
        ),
        heads=("State", "Measured"),
        blocks=(Block("", tuple(rows)),),
        notes=(),
    )


def _interval(judged: Sequence[Judgement]) -> str:
    """The interval that decides, and what it is corrected for."""
    tests = max(judgement.tests for judgement in judged)
    if tests < 2:
        return "95 % interval"
    return (
        f"interval, corrected by Holm's method for {tests} tests (claims of quality and of timed "
        "ratios, and contrasts), so that in 95 of 100 studies none is falsely decided,"
    )
