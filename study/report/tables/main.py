"""The main table of a study, which fits into one column of a paper.

It has one narrow column per metric; what has no room here is in `wide` and `supplement`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from study import format
from study.analysis.analysis import Analysis
from study.metrics import RULES
from study.report.blocks import arm_blocks
from study.report.print_width import LABEL, em, lines, room
from study.report.table import Cell, Table, plain
from study.report.tables import arm_cells
from study.report.tables.arm_cells import ArmColumn
from study.report.text import caption, definitions, notes
from study.report.text.decimals import readable
from study.tasks.arms import PlannedArm


def table(analysis: Analysis) -> Table:
    """The study's main table; any measurement may be missing."""
    printed = analysis.plan.study.layout == "paper"
    columns = list(_paper(analysis) if printed else _narrow(analysis))
    blocks = arm_blocks(analysis.plan)
    rows = arm_cells.body(analysis, blocks, columns)
    # An interval that had no room is not mentioned in the caption either.
    interval = any("[" in column.head for column in columns)
    finished = Table(
        name=plain(analysis.plan.study.title),
        caption=plain(caption.caption(analysis, spread=not printed, interval=interval)),
        heads=tuple(plain(column.head) for column in columns),
        blocks=rows,
        notes=(),
        keys=tuple(column.key for column in columns),
        narrow=True,
    )
    finished = titled(finished)
    every = [*notes.gaps(analysis), *definitions.definitions(analysis, finished)]
    return replace(finished, notes=tuple(map(plain, every)))


def titled(table: Table) -> Table:
    """The table with the heading of its only block above the labels."""
    if len(table.blocks) != 1:
        return table
    # Macros and CSV files go on naming the block by its key.
    (block,) = table.blocks
    return replace(table, first=block.head, blocks=(replace(block, head="", key=block.name),))


def _narrow(analysis: Analysis) -> Iterator[ArmColumn]:
    """One column per metric, and the difference of the tested quality."""
    columns = [column for name in shown(analysis) for column in _columns(analysis, name)]
    delta = next((i for i, c in enumerate(columns) if c.key.endswith("-delta")), None)
    # The spread beside it says how sure the difference is.
    if delta is not None and not _fits(analysis, columns):
        columns[delta] = _delta(analysis, interval=False)
    yield from columns


def _fits(analysis: Analysis, columns: Sequence[ArmColumn]) -> bool:
    """True if the columns have room in one column of a paper."""
    rows = [row for block in arm_blocks(analysis.plan) for row in block.rows]
    texts = [[*lines(column.head), *(column.cell(*row).text for row in rows)] for column in columns]
    labels = max(em(f"● {label}") for label, _ in rows)
    # Long labels may be broken into lines.
    return room(texts) >= min(LABEL, labels)


def shown(analysis: Analysis) -> list[str]:
    """The metrics of the narrow table: of several counts of the same operations one."""
    chosen = dict[str, str]()
    for name in analysis.metrics:
        metric = analysis.catalogue[name]
        same = format.name(metric) if metric.kind == "cost" else name
        chosen[same] = _preferred(analysis, [chosen.get(same), name])
    return list(chosen.values())


def _preferred(analysis: Analysis, names: Sequence[str | None]) -> str:
    """The count by the rule of the published numbers, else by "all", else the first one."""
    given = [name for name in names if name]
    rules = {name: format.rule(analysis.catalogue[name]) for name in given}
    counted = {
        number.protocol.counting for name in analysis.metrics for number in analysis.printed(name)
    }
    # A table without published counts has those of all operations.
    for wanted in [*sorted(counted - {None}, key=str), "all", *RULES]:
        for name, rule in rules.items():
            if rule == wanted:
                return name
    return given[0]


def _columns(analysis: Analysis, name: str) -> Iterator[ArmColumn]:
    kind = analysis.catalogue[name].kind
    if kind == "cost":
        yield arm_cells.cost(analysis, name)
    elif kind == "speed":
        yield arm_cells.speed(analysis, name)
    # Nothing is trained without seeds: what others have published is all there is.
    elif analysis.seeds:
        yield arm_cells.quality(analysis, name, readable(analysis, name))
        if name == analysis.plan.tested and len(analysis.plan.arms) > 1:
            yield _delta(analysis, interval=True)
    elif printed := arm_cells.published(analysis, name):
        yield printed


def _delta(analysis: Analysis, *, interval: bool) -> ArmColumn:
    name = analysis.plan.tested
    metric = readable(analysis, name)
    unit = f" ({metric.difference_unit})" if metric.difference_unit else ""
    # One seed has no interval for which the heading would leave room.
    shown_interval = interval and analysis.has_interval(name)
    head = f"Δ{unit}{' [95 % CI]' * shown_interval}"
    return arm_cells.effect(analysis, name, metric, interval=interval, head=head)


# ---- the columns of a printed table ----


def _paper(analysis: Analysis) -> Iterator[ArmColumn]:
    """The columns as papers print them: means alone, with published values in brackets."""
    for name in shown(analysis):
        metric = analysis.catalogue[name]
        if metric.kind == "quality" and analysis.seeds:
            column = arm_cells.quality(analysis, name, metric, spread=False)
        # Nothing is trained: the column has published values alone.
        elif metric.kind == "quality":
            column = ArmColumn(name, format.head(metric), lambda label, arm: Cell(""))
        elif metric.kind == "cost":
            column = arm_cells.cost(analysis, name)
        else:
            column = arm_cells.median(analysis, name)
        yield _with_published(analysis, name, column)


def _with_published(analysis: Analysis, name: str, column: ArmColumn) -> ArmColumn:
    def cell(label: str, arm: PlannedArm) -> Cell:
        own, number = column.cell(label, arm), analysis.published(label, arm, name)
        if number is None:
            return own
        text = arm_cells.published_text(analysis, name, number)
        parts = {**own.parts, "published": text}
        return replace(own, text=f"{own.text} ({text})".strip(), parts=parts)

    return column._replace(cell=cell)
