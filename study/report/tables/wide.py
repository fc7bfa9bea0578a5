"""The wide table: every column with its changes, intervals and published values."""

from collections.abc import Iterator
from dataclasses import replace

from study.analysis.analysis import Analysis
from study.report.blocks import arm_blocks
from study.report.table import Table, plain
from study.report.tables import arm_cells
from study.report.tables.arm_cells import ArmColumn
from study.report.tables.main import titled
from study.report.text import caption, definitions, notes


def wide_table(analysis: Analysis) -> Table:
    """The main table with changes, intervals, all counting rules and published values."""
    columns = [column for name in analysis.metrics for column in _columns(analysis, name)]
    finished = titled(
        Table(
            name=plain(f"{analysis.plan.study.title}-wide"),
            caption=plain(caption.caption(analysis, spread=True, interval=True)),
            heads=tuple(plain(column.head) for column in columns),
            blocks=arm_cells.body(analysis, arm_blocks(analysis.plan), columns),
            notes=(),
            keys=tuple(column.key for column in columns),
        )
    )
    every = [
        *notes.gaps(analysis),
        *definitions.definitions(analysis, finished),
        *notes.published(analysis),
    ]
    return replace(finished, notes=tuple(map(plain, every)))


def _columns(analysis: Analysis, name: str) -> Iterator[ArmColumn]:
    metric = analysis.catalogue[name]
    if metric.kind == "cost":
        yield arm_cells.cost(analysis, name, changes=True)
    elif metric.kind == "speed":
        yield arm_cells.timing(analysis, name)
    # Nothing is trained without seeds, so the column would be empty.
    elif analysis.seeds:
        yield arm_cells.quality(analysis, name, metric)
        if len(analysis.plan.arms) > 1:
            yield arm_cells.effect(analysis, name, metric)
    if printed := arm_cells.published(analysis, name):
        yield printed
