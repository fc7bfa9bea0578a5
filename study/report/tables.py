"""A plan and what was measured, as a table of finished text; no format yet."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import pandas as pd

from study import cells
from study.metrics import METRICS, RULES
from study.plan import Plan, PlannedArm, blocks
from study.report import notes
from study.report.findings import Findings, findings
from study.spec import Printed


@dataclass(frozen=True)
class Cell:
    text: str
    bold: bool = False
    value: float | None = None
    """What the text says first, in base units; None where it says no number."""
    parts: Mapping[str, str] = field(default_factory=dict)
    """The numbers of the text one by one, in units of the table."""


@dataclass(frozen=True)
class Row:
    label: str
    baseline: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Block:
    """Rows that answer to one factor."""

    head: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Table:
    name: str
    caption: str
    heads: tuple[str, ...]
    """Of the columns after that of the labels."""
    blocks: tuple[Block, ...]
    notes: tuple[str, ...]
    keys: tuple[str, ...] = ()
    """Of the columns, for `numbers.tex`: the same however many others there are."""


class Column(NamedTuple):
    key: str
    head: str
    cell: Callable[[str, PlannedArm], Cell]


def table(plan: Plan, frame: pd.DataFrame) -> Table:
    """The study's one table; `frame` has the keys of `plan.measurements`, and may lack any row."""
    found = findings(plan, frame)
    columns = [column for name in found.metrics for column in _columns(found, name)]
    return Table(
        name=plain(plan.study.title),
        caption=plain(notes.caption(found)),
        heads=tuple(column.head for column in columns),
        blocks=tuple(
            Block(plain(head), tuple(_row(found, columns, *row) for row in _ordered(found, rows)))
            for head, rows in blocks(plan)
        ),
        notes=tuple(plain(note) for note in notes.notes(found)),
        keys=tuple(column.key for column in columns),
    )


def plain(text: str) -> str:
    """One line that a terminal can show: labels are whatever somebody typed."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _ordered(found: Findings, rows: list[tuple[str, PlannedArm]]) -> list[tuple[str, PlannedArm]]:
    """Diverged arms last; the baseline stays first, and a cumulative path stays a path."""
    if found.plan.study.designs == ("cumulative",):
        return rows
    return rows[:1] + sorted(rows[1:], key=lambda row: row[1].digest in found.diverged)


def _row(found: Findings, columns: list[Column], label: str, arm: PlannedArm) -> Row:
    texts = tuple(column.cell(label, arm) for column in columns)
    return Row(plain(label), arm is found.plan.baseline, texts)


# ---- columns ----


def _columns(found: Findings, name: str) -> Iterator[Column]:
    yield from COLUMNS[METRICS[name].kind](found, name)
    if printed := found.printed(name):
        yield Column(
            f"{name}-paper",
            f"{cells.name(METRICS[name])}, paper{_counted(name, printed)}",
            lambda label, arm: Cell(cells.published(found.published(label, arm, name))),
        )


def _counted(name: str, printed: list[Printed]) -> str:
    """The rule that the printed numbers follow, where there are several and one is stated."""
    rules = {one.protocol.counting for one in printed}
    rule = rules.pop() if len(rules) == 1 else None
    return f" ({rule or 'rule not stated'})" if cells.rule(METRICS[name]) in RULES else ""


def _quality(found: Findings, name: str) -> Iterator[Column]:
    metric = METRICS[name]
    if not found.seeds:
        return

    def value(label: str, arm: PlannedArm) -> Cell:
        if arm.digest in found.diverged:
            return Cell(cells.DIVERGED)
        estimate = found.estimates.get((arm.digest, name))
        if estimate is None:
            return Cell(cells.ABSENT)
        text = cells.replicates(estimate, metric, found.seeds)
        text += f" {cells.TIED}" if (arm.digest, name) in found.tied else ""
        bold = found.leaders.get(name) == arm.digest
        return Cell(text, bold, estimate.mean, cells.parts(estimate, metric, "mean", "sd"))

    def effect(label: str, arm: PlannedArm) -> Cell:
        if arm is found.plan.baseline:
            return Cell("")
        row = found.effects.get((arm.digest, name))
        if row is None:
            return Cell(cells.ABSENT)
        parts = cells.parts(row, metric, "mean", "low", "high")
        return Cell(cells.effect(row, metric, found.seeds), value=row.mean, parts=parts)

    yield Column(name, cells.head(metric), value)
    if len(found.plan.arms) > 1:
        yield Column(f"{name}-delta", cells.effect_head(metric, found.seeds), effect)


def _cost(found: Findings, name: str) -> Iterator[Column]:
    metric, base = METRICS[name], found.estimates.get((found.plan.baseline.digest, name))

    def value(label: str, arm: PlannedArm) -> Cell:
        estimate = found.estimates.get((arm.digest, name))
        if estimate is None:
            return Cell(cells.ABSENT)
        text = cells.measured(estimate.mean, metric)
        parts = {"value": text}
        if base is not None and estimate.mean != base.mean:
            parts["change"] = cells.change(estimate.mean, base.mean)
            text += f" ({parts['change']})"
        return Cell(text, found.leaders.get(name) == arm.digest, estimate.mean, parts)

    yield Column(name, cells.head(metric), value)


def _speed(found: Findings, name: str) -> Iterator[Column]:
    metric = METRICS[name]

    def value(label: str, arm: PlannedArm) -> Cell:
        estimate = found.estimates.get((arm.digest, name))
        if estimate is None:
            return Cell(cells.ABSENT)
        ratio, resolution = found.ratios.get((arm.digest, name)), found.plan.study.timing.resolution
        parts = cells.parts(estimate, metric, "mean", "low", "high")
        if ratio:
            ends = {"value": ratio.value, "low": ratio.low, "high": ratio.high}
            parts |= {f"ratio-{end}": cells.multiple(value) for end, value in ends.items()}
        text = cells.timing(estimate, metric, ratio, resolution)
        return Cell(text, found.leaders.get(name) == arm.digest, estimate.mean, parts)

    yield Column(name, cells.head(metric), value)


COLUMNS: dict[str, Callable[[Findings, str], Iterator[Column]]] = {
    "quality": _quality,
    "cost": _cost,
    "speed": _speed,
}
"""By the kind of metric."""
