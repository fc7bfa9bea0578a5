"""The supplement: seeds, intervals and tests behind the numbers of the main table."""

from collections.abc import Iterator

from study import format
from study.analysis.analysis import Analysis
from study.report.blocks import arm_blocks
from study.report.table import Cell, Table, plain
from study.report.tables import arm_cells
from study.report.tables.arm_cells import ArmColumn
from study.report.tables.estimates import mean_cell
from study.report.tables.main import titled
from study.report.text import caption, notes
from study.stats import MetricValue, typed_rows
from study.tasks.arms import PlannedArm

LISTED = 6  # values of seeds listed one by one; more are a range


def supplement_table(analysis: Analysis) -> Table | None:
    """The uncertainty of every arm; None for a study that trains and times nothing."""
    columns = [column for name in analysis.metrics for column in _columns(analysis, name)]
    if not columns:
        return None
    finished = Table(
        name=plain(f"{analysis.plan.study.title}-supplement"),
        caption=plain(f"Seeds, intervals and tests: {format.inline(caption.subject(analysis))}."),
        heads=tuple(plain(column.head) for column in columns),
        blocks=arm_cells.body(analysis, arm_blocks(analysis.plan), columns),
        notes=tuple(map(plain, notes.uncertainty(analysis))),
        keys=tuple(column.key for column in columns),
    )
    return titled(finished)


def _columns(analysis: Analysis, name: str) -> Iterator[ArmColumn]:
    kind = analysis.catalogue[name].kind
    if kind == "speed":
        yield _range(analysis, name)
    elif kind == "quality" and analysis.seeds:
        yield from _quality(analysis, name)


def _range(analysis: Analysis, name: str) -> ArmColumn:
    """The median of a timing with its lowest and highest round."""
    metric, head = analysis.catalogue[name], format.head(analysis.catalogue[name])
    return arm_cells.timed(
        analysis,
        name,
        lambda row: format.timing(row, metric),
        f"{head} [lowest, highest]",
        f"{name}-range",
    )


def _quality(analysis: Analysis, name: str) -> Iterator[ArmColumn]:
    yield _seeds(analysis, name)
    if analysis.has_interval(name):
        yield _mean(analysis, name)
    # Signs belong to pairs.
    if analysis.plan.paired and analysis.seeds > 1 and len(analysis.plan.arms) > 1:
        yield _sign_flip(analysis, name)
    if any(metric == name for _, metric in analysis.generalising):
        yield _images(analysis, name)


def _seeds(analysis: Analysis, name: str) -> ArmColumn:
    """The value of every seed, or their number and range if there are many."""
    metric, by_arm = analysis.catalogue[name], dict[str, list[float]]()
    by = "by seed" if analysis.plan.paired else "replicates"
    for row in typed_rows(analysis.measurements, MetricValue):
        # Costs and timings have no seed, which is NaN.
        if row.metric == name and row.seed == row.seed:
            by_arm.setdefault(row.arm, []).append(float(row.value))

    def cell(label: str, arm: PlannedArm) -> Cell:
        values = by_arm.get(arm.digest, [])
        texts = [format.measured(v, metric) if v == v else format.DIVERGED for v in values]
        if not texts:
            return Cell(format.ABSENT)
        # A diverged seed has no place in a range.
        finite = [value for value in values if value == value]
        if len(texts) > LISTED and finite:
            low, high = (format.measured(end, metric) for end in (min(finite), max(finite)))
            return Cell(f"{len(texts)}: {low} to {high}", value=len(texts))
        return Cell(", ".join(texts), value=len(texts), parts={"n": str(len(texts))})

    return ArmColumn(f"{name}-seeds", f"{format.head(metric)}, {by}", cell)


def _mean(analysis: Analysis, name: str) -> ArmColumn:
    metric = analysis.catalogue[name]

    def cell(label: str, arm: PlannedArm) -> Cell:
        own = analysis.means.get((arm.digest, name))
        # NaN differs from itself: a seed diverged, or there is one seed.
        if own is None or own.mean != own.mean or own.low != own.low:
            return Cell(format.ABSENT)
        return mean_cell(own, metric)

    return ArmColumn(f"{name}-mean", f"Mean {format.head(metric)} [95 % CI]", cell)


def _sign_flip(analysis: Analysis, name: str) -> ArmColumn:
    def cell(label: str, arm: PlannedArm) -> Cell:
        if arm is analysis.plan.baseline:
            return Cell("")
        row = analysis.effects.get((arm.digest, name))
        text = format.ABSENT if row is None else format.p_value(row.p)
        parts = {} if text == format.ABSENT else {"p": text}
        return Cell(text, value=None if row is None else row.p, parts=parts)

    head = f"Δ {format.name(analysis.catalogue[name])}, p of a sign-flip test"
    return ArmColumn(f"{name}-sign-flip", head, cell)


def _images(analysis: Analysis, name: str) -> ArmColumn:
    """The difference with its interval over new seeds and new images."""
    metric = analysis.catalogue[name]

    def cell(label: str, arm: PlannedArm) -> Cell:
        row = analysis.generalising.get((arm.digest, name))
        if row is None:
            return Cell("" if arm is analysis.plan.baseline else format.ABSENT)
        return mean_cell(row, metric, signed=True)

    head = f"{format.difference_head(metric)}, seeds and images [95 % CI]"
    return ArmColumn(f"{name}-images", head, cell)
