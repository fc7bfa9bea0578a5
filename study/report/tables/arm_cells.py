"""Columns and cells of the tables that have one row per arm."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from study import format
from study.analysis.analysis import Analysis
from study.metrics import RULES
from study.report.blocks import ArmBlock
from study.report.table import Cell, Row, TableBlock, plain
from study.report.tables.estimates import effect_cell
from study.report.text import pairing
from study.spec.arm_names import qualified
from study.spec.metric import Metric
from study.spec.study import PublishedNumber
from study.stats import Estimate
from study.tasks.arms import PlannedArm


class ArmColumn(NamedTuple):
    """A column: its key, its heading, and its cell for the label of an arm."""

    key: str
    head: str
    cell: Callable[[str, PlannedArm], Cell]


def body(
    analysis: Analysis, blocks: Iterable[ArmBlock], columns: Sequence[ArmColumn]
) -> tuple[TableBlock, ...]:
    """The rows of every block."""
    return tuple(
        TableBlock(
            plain(block.head),
            tuple(_row(analysis, columns, *row) for row in block.rows),
            block.key,
        )
        for block in blocks
    )


def _row(analysis: Analysis, columns: Sequence[ArmColumn], label: str, arm: PlannedArm) -> Row:
    texts = tuple(column.cell(label, arm) for column in columns)
    study, baseline = analysis.plan.study, arm is analysis.plan.baseline
    # The label by which the file names the arm, which a table may write at greater length.
    key = label if baseline and label in study.labels(arm.arm.choices) else arm.label
    named = study.baseline_name
    # By its title as well, by which the answer speaks of it.
    shown = f"{label} ({named})" if baseline and named not in ("", label) else label
    return Row(plain(shown), baseline, texts, plain(key), plain(qualified(study, arm.arm)))


# ---- cells ----


def values(analysis: Analysis, name: str) -> list[float]:
    """The means of a metric over all arms, in base units."""
    return [
        row.mean
        for arm in analysis.plan.arms
        if (row := analysis.estimates.get((arm.digest, name))) is not None
    ]


def quality(analysis: Analysis, name: str, metric: Metric, *, spread: bool = True) -> ArmColumn:
    """Mean ± sd of a quality, with a mark for ties."""

    def cell(label: str, arm: PlannedArm) -> Cell:
        if arm.digest in analysis.diverged:
            return Cell(format.DIVERGED)
        estimate = analysis.estimates.get((arm.digest, name))
        if estimate is None:
            return Cell(format.ABSENT)
        bold = analysis.leaders.get(name) == arm.digest
        own = format.of_spread(metric, estimate.mean, estimate.sd)
        parts = format.number_texts(estimate, own, "mean", "sd")
        if not spread:
            return Cell(format.measured(estimate.mean, metric), bold, estimate.mean, parts)
        text = format.replicates(estimate, metric, analysis.seeds)
        # Behind the number: siunitx columns begin with one.
        text += f" {format.TIED}" if (arm.digest, name) in analysis.tied else ""
        # Where no arm has an interval, the notes say so for all of them.
        unknown = (arm.digest, name) in analysis.untested and analysis.has_interval(name)
        text += f" {format.UNTESTED}" * unknown
        return Cell(text, bold, estimate.mean, parts)

    return ArmColumn(name, format.head(metric), cell)


def effect(
    analysis: Analysis, name: str, metric: Metric, *, interval: bool = True, head: str = ""
) -> ArmColumn:
    """The difference of a quality from the baseline, with its interval where there is room."""

    def cell(label: str, arm: PlannedArm) -> Cell:
        if arm is analysis.plan.baseline:
            return Cell("")
        row = analysis.effects.get((arm.digest, name))
        pairs = pairing.pairs(analysis.plan, analysis.seeds)
        return effect_cell(row, metric, pairs, interval=interval)

    shown = interval and analysis.has_interval(name)
    head = head or format.effect_head(metric, interval=shown)
    return ArmColumn(f"{name}-delta", head, cell)


def column_metric(analysis: Analysis, name: str) -> Metric:
    """A metric in the unit of its column, which suits the published values too if it is a cost."""
    metric = analysis.catalogue[name]
    if metric.kind != "cost":
        return metric
    printed = [number.value / metric.scale for number in analysis.printed(name)]
    return format.suited(metric, [*values(analysis, name), *printed])


def cost(analysis: Analysis, name: str, *, changes: bool = False) -> ArmColumn:
    """A cost in the unit that suits its column, with its change from the baseline on request."""
    metric = column_metric(analysis, name)
    base = analysis.estimates.get((analysis.plan.baseline.digest, name))

    def cell(label: str, arm: PlannedArm) -> Cell:
        estimate = analysis.estimates.get((arm.digest, name))
        if estimate is None:
            return Cell(format.ABSENT)
        text = format.measured(estimate.mean, metric)
        parts = {"value": text}
        # Counts are exact, so equality means that the cost did not change.
        if base is not None and estimate.mean != base.mean:
            change = format.change(estimate.mean, base.mean)
            parts |= {"change": change}
            text += f" ({change})" * changes
        return Cell(text, analysis.leaders.get(name) == arm.digest, estimate.mean, parts)

    head = format.head(metric) if changes else format.short_head(metric)
    return ArmColumn(name, head, cell)


def timing(analysis: Analysis, name: str) -> ArmColumn:
    """The median of a timing with its ratio to the baseline."""
    metric, resolution = analysis.catalogue[name], analysis.plan.study.timing.resolution

    def text(estimate: Estimate) -> str:
        ratio = analysis.ratios.records.get((estimate.arm, name))
        return format.timing(estimate, metric, ratio, resolution)

    return timed(analysis, name, text, format.head(metric))


def median(analysis: Analysis, name: str) -> ArmColumn:
    """The median of a timing alone."""
    metric = analysis.catalogue[name]
    return timed(analysis, name, lambda row: format.measured(row.mean, metric), format.head(metric))


def speed(analysis: Analysis, name: str) -> ArmColumn:
    """The ratio of a timing to the baseline alone, or the median if there are no ratios."""
    # Peak memory has no ratio, since it is measured once and not in rounds.
    if not analysis.ratios.of(name):
        return median(analysis, name)
    metric, resolution = analysis.catalogue[name], analysis.plan.study.timing.resolution

    def text(estimate: Estimate) -> str:
        if ratio := analysis.ratios.records.get((estimate.arm, name)):
            return format.short_times(ratio, resolution)
        baseline = estimate.arm == analysis.plan.baseline.digest
        return "×1.00" if baseline else format.measured(estimate.mean, metric)

    return timed(analysis, name, text, format.name(metric))


def timed(
    analysis: Analysis, name: str, text: Callable[[Estimate], str], head: str, key: str = ""
) -> ArmColumn:
    """A column of timings, whose texts are those of `text`; its key is the metric by default."""

    def cell(label: str, arm: PlannedArm) -> Cell:
        estimate = analysis.estimates.get((arm.digest, name))
        if estimate is None:
            return Cell(format.ABSENT)
        return Cell(text(estimate), False, estimate.mean, _timed(analysis, arm, name))

    return ArmColumn(key or name, head, cell)


def _timed(analysis: Analysis, arm: PlannedArm, name: str) -> dict[str, str]:
    """The numbers of a timing by name."""
    estimate, metric = analysis.estimates[arm.digest, name], analysis.catalogue[name]
    parts = format.number_texts(estimate, metric, "mean", "low", "high")
    if ratio := analysis.ratios.records.get((arm.digest, name)):
        ends = zip(("value", "low", "high"), format.ratio_texts(ratio), strict=True)
        parts |= {f"ratio-{end}": text for end, text in ends}
    return parts


# ---- published numbers ----


def published(analysis: Analysis, name: str) -> ArmColumn | None:
    """The published values of a metric; None if there are none."""
    printed = analysis.printed(name)
    if not printed:
        return None
    metric = analysis.catalogue[name]
    return ArmColumn(
        f"{name}-paper",
        f"{format.name(metric)}, paper{_counted(metric, printed)}",
        lambda label, arm: Cell(
            published_text(analysis, name, analysis.published(label, arm, name))
        ),
    )


def published_text(analysis: Analysis, name: str, number: PublishedNumber | None) -> str:
    """A published number in the unit of its column, with the digits that it was printed with."""
    if number is None:
        return format.ABSENT
    ratio = column_metric(analysis, name).scale / analysis.catalogue[name].scale
    digits = max(0, number.digits - round(math.log10(ratio)))
    value, spread = number.value * ratio, number.spread * ratio
    return format.published(value, digits, spread, number.status)


def _counted(metric: Metric, printed: list[PublishedNumber]) -> str:
    """The counting rule of the published numbers, for the heading of a metric that has rules."""
    rules = {number.protocol.counting for number in printed}
    # Numbers of several rules have no common one to put into the heading.
    rule = rules.pop() if len(rules) == 1 else None
    return f" ({rule or 'rule not stated'})" if format.rule(metric) in RULES else ""
