"""The study's table as finished text, before it is written in a format."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from study import format
from study.analysis.analysis import Analysis
from study.metrics import RULES
from study.report.blocks import blocks
from study.report.text import notes
from study.spec.metric import Metric
from study.spec.study import PublishedNumber
from study.tasks.arms import PlannedArm


@dataclass(frozen=True)
class Cell:
    """One cell of a table."""

    text: str
    bold: bool = False
    value: float | None = None
    """The first number of the text, in base units, for sorting; None without a number."""
    parts: Mapping[str, str] = field(default_factory=dict)
    """Every number of the text by name (mean, sd, low ...), as printed, for LaTeX macros."""


@dataclass(frozen=True)
class Row:
    """One row of a table, usually an arm."""

    label: str
    baseline: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class TableBlock:
    """Rows under one heading, usually the arms of one factor."""

    head: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Table:
    """A table of finished text."""

    name: str
    caption: str
    heads: tuple[str, ...]
    """Headings of the columns after the labels."""
    blocks: tuple[TableBlock, ...]
    notes: tuple[str, ...]
    keys: tuple[str, ...] = ()
    """Keys of the columns in `numbers.tex`; a key does not change when other columns are added."""


class MetricColumn(NamedTuple):
    """A column of the main table: its heading, and its cell for the label of an arm."""

    key: str
    head: str
    cell: Callable[[str, PlannedArm], Cell]


def table(analysis: Analysis) -> Table:
    """The study's main table; any measurement may be missing."""
    plan = analysis.plan
    columns = [column for name in analysis.metrics for column in _columns(analysis, name)]
    return Table(
        name=plain(plan.study.title),
        caption=plain(notes.caption(analysis)),
        heads=tuple(column.head for column in columns),
        blocks=tuple(
            TableBlock(
                plain(head),
                tuple(_row(analysis, columns, *row) for row in _ordered(analysis, rows)),
            )
            for head, rows in blocks(plan)
        ),
        notes=tuple(plain(note) for note in notes.notes(analysis)),
        keys=tuple(column.key for column in columns),
    )


def plain(text: str) -> str:
    """The text on one line without control characters: labels are whatever a user typed."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _ordered(
    analysis: Analysis, rows: list[tuple[str, PlannedArm]]
) -> list[tuple[str, PlannedArm]]:
    """The rows with diverged arms last, except the baseline and the steps of a cumulative path."""
    # The rows of a cumulative path build on each other, so their order is their meaning.
    if analysis.plan.study.designs.keys() == {"cumulative"}:
        return rows
    # A stable sort: the others keep the order of the study file.
    return rows[:1] + sorted(rows[1:], key=lambda row: row[1].digest in analysis.diverged)


def _row(analysis: Analysis, columns: list[MetricColumn], label: str, arm: PlannedArm) -> Row:
    texts = tuple(column.cell(label, arm) for column in columns)
    return Row(plain(label), arm is analysis.plan.baseline, texts)


# ---- columns ----


def _columns(analysis: Analysis, name: str) -> Iterator[MetricColumn]:
    metric = analysis.catalogue[name]
    yield from COLUMNS_BY_KIND[metric.kind](analysis, name)
    if printed := analysis.printed(name):
        yield MetricColumn(
            f"{name}-paper",
            f"{format.name(metric)}, paper{_counted(metric, printed)}",
            lambda label, arm: Cell(_published(analysis.published(label, arm, name))),
        )


def _published(number: PublishedNumber | None) -> str:
    if number is None:
        return format.ABSENT
    return format.published(number.value, number.digits, number.spread, number.status)


def _counted(metric: Metric, printed: list[PublishedNumber]) -> str:
    """The counting rule of the published numbers, for the heading of a metric that has rules."""
    rules = {number.protocol.counting for number in printed}
    # Numbers of several rules have no common one to put into the heading.
    rule = rules.pop() if len(rules) == 1 else None
    return f" ({rule or 'rule not stated'})" if format.rule(metric) in RULES else ""


def _quality(analysis: Analysis, name: str) -> Iterator[MetricColumn]:
    metric = analysis.catalogue[name]
    # Nothing is trained, so the column would be empty.
    if not analysis.seeds:
        return

    def value(label: str, arm: PlannedArm) -> Cell:
        if arm.digest in analysis.diverged:
            return Cell(format.DIVERGED)
        estimate = analysis.estimates.get((arm.digest, name))
        if estimate is None:
            return Cell(format.ABSENT)
        text = format.replicates(estimate, metric, analysis.seeds)
        # Behind the number: siunitx columns begin with one.
        text += f" {format.TIED}" if (arm.digest, name) in analysis.tied else ""
        bold = analysis.leaders.get(name) == arm.digest
        return Cell(text, bold, estimate.mean, format.number_texts(estimate, metric, "mean", "sd"))

    def effect(label: str, arm: PlannedArm) -> Cell:
        if arm is analysis.plan.baseline:
            return Cell("")
        row = analysis.effects.get((arm.digest, name))
        if row is None:
            return Cell(format.ABSENT)
        parts = format.number_texts(row, metric, "mean", "low", "high")
        return Cell(format.effect(row, metric, analysis.seeds), value=row.mean, parts=parts)

    yield MetricColumn(name, format.head(metric), value)
    if len(analysis.plan.arms) > 1:
        head = format.effect_head(metric, interval=analysis.has_interval(name))
        yield MetricColumn(f"{name}-delta", head, effect)


def _cost(analysis: Analysis, name: str) -> Iterator[MetricColumn]:
    metric = analysis.catalogue[name]
    base = analysis.estimates.get((analysis.plan.baseline.digest, name))

    def value(label: str, arm: PlannedArm) -> Cell:
        estimate = analysis.estimates.get((arm.digest, name))
        if estimate is None:
            return Cell(format.ABSENT)
        text = format.measured(estimate.mean, metric)
        parts = {"value": text}
        # Counts are exact, so equality means that the cost did not change.
        if base is not None and estimate.mean != base.mean:
            parts["change"] = format.change(estimate.mean, base.mean)
            text += f" ({parts['change']})"
        return Cell(text, analysis.leaders.get(name) == arm.digest, estimate.mean, parts)

    yield MetricColumn(name, format.head(metric), value)


def _speed(analysis: Analysis, name: str) -> Iterator[MetricColumn]:
    metric = analysis.catalogue[name]

    def value(label: str, arm: PlannedArm) -> Cell:
        estimate = analysis.estimates.get((arm.digest, name))
        if estimate is None:
            return Cell(format.ABSENT)
        ratio, resolution = (
            analysis.ratios.records.get((arm.digest, name)),
            analysis.plan.study.timing.resolution,
        )
        parts = format.number_texts(estimate, metric, "mean", "low", "high")
        if ratio:
            ends = {"value": ratio.value, "low": ratio.low, "high": ratio.high}
            parts |= {f"ratio-{end}": format.multiple(value) for end, value in ends.items()}
        text = format.timing(estimate, metric, ratio, resolution)
        return Cell(text, analysis.leaders.get(name) == arm.digest, estimate.mean, parts)

    yield MetricColumn(name, format.head(metric), value)


COLUMNS_BY_KIND: dict[str, Callable[[Analysis, str], Iterator[MetricColumn]]] = {
    "quality": _quality,
    "cost": _cost,
    "speed": _speed,
}
"""Columns of a metric by its kind."""
