"""Two arms side by side, as tables of finished text."""

import math
from collections.abc import Iterator
from typing import Any

from study import cells, stats
from study.metrics import METRICS, Metric
from study.report.comparison.measured import KINDS, Comparison
from study.report.comparison.sentence import ends, p_is
from study.report.contrasts import p_value
from study.report.tables import Block, Cell, Row, Table, plain


def tables(found: Comparison) -> list[Table]:
    seeds = [_seed_table(found)] if len(found.seeds) else []
    return [_metric_table(found), *seeds]


def _metric_table(found: Comparison) -> Table:
    first, second = found.labels
    rows: list[Any] = list(found.metrics.itertuples())
    changed = (f"{p}: {_value(a)} → {_value(b)}" for p, (a, b) in found.differs.items())
    return Table(
        name=plain(f"{second} against {first}"),
        caption=plain(f"{found.plan.study.title}, {'; '.join(changed)}"),
        heads=(plain(first), plain(second), "Difference [95 % CI]", "p, t", "p, sign-flip"),
        blocks=tuple(
            Block(kind, tuple(_metric_row(found, row) for row in rows if row.kind == kind))
            for kind in KINDS
            if any(row.kind == kind for row in rows)
        ),
        notes=tuple(map(plain, _notes(found))),
    )


def _value(value: Any) -> str:
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def _metric_row(found: Comparison, row: Any) -> Row:
    metric = METRICS[row.metric]
    sides = (_side(row, side, metric) for side in ("first", "second"))
    tests = (Cell(p_value(p), value=p) if row.kind == "quality" else Cell("")
             for p in (row.t_p, row.p))  # fmt: skip
    return Row(cells.head(metric), False, (*sides, Cell(_difference(found, row)), *tests))


def _side(row: Any, side: str, metric: Metric) -> Cell:
    mean, sd = getattr(row, side), getattr(row, f"{side}_sd")
    text = cells.measured(mean, metric)
    spread = row.kind == "quality" and text != cells.ABSENT and math.isfinite(sd)
    return Cell(f"{text} ± {cells.measured(sd, metric)}" if spread else text, value=mean)


def _difference(found: Comparison, row: Any) -> str:
    metric = METRICS[row.metric]
    if row.kind == "quality":
        return f"{cells.effect(row, metric, int(row.n))} {cells.difference_unit(metric)}".rstrip()
    if row.kind == "speed":
        resolution = found.plan.study.timing.resolution
        return cells.times(ends(row), resolution) if row.ratio == row.ratio else cells.ABSENT
    both = math.isfinite(row.first) and math.isfinite(row.second)
    return cells.change(row.second, row.first) if both else cells.ABSENT


def _notes(found: Comparison) -> Iterator[str]:
    quality: list[Any] = [row for row in found.metrics.itertuples() if row.kind == "quality"]
    if not quality:
        return
    row = quality[0]
    said = "declared this comparison" if found.declared else "did not declare this comparison"
    alone = f"each p stands alone, uncorrected for {len(quality)} metrics"
    yield f"The study {said} in advance; {alone}."
    if row.smallest_p > stats.ALPHA:
        yield f"No sign-flip test of {row.n:.0f} pairs can go below p = {row.smallest_p:.3g}."
    if row.unpaired:
        yield f"Seeds that only one of the two has, and that count for nothing: {row.unpaired:.0f}."
    if any(one.n > 1 and math.isnan(one.low) for one in quality):
        yield f"[{cells.ABSENT}]: the difference is the same in every seed; no spread to judge by."
    missing = sum(not trial.done for arm in found.arms for trial in arm.replicates)
    if missing:
        total = sum(len(arm.replicates) for arm in found.arms)
        yield f"{missing} of {total} trials have no result yet."


def _seed_table(found: Comparison) -> Table:
    first, second = found.labels
    metric = METRICS[found.tested]
    rows: Iterator[Any] = found.seeds.itertuples()
    return Table(
        name=plain(f"{cells.head(metric)} seed by seed"),
        caption=plain(
            f"gained: images that only {second} gets right; lost: that only {first} does. "
            "McNemar's exact test is about these trained networks, not about other seeds."
        ),
        heads=(plain(first), plain(second), cells.effect_head(metric, 1), "gained", "lost",
               "p, McNemar"),
        blocks=(Block("", tuple(_seed_row(row, metric) for row in rows)),),
        notes=tuple(map(plain, _image_notes(found))),
    )  # fmt: skip


def _seed_row(row: Any, metric: Metric) -> Row:
    texts = (
        cells.measured(row.first, metric),
        cells.measured(row.second, metric),
        cells.measured(row.difference, metric, signed=True),
        *(f"{n:.0f}" if n == n else cells.ABSENT for n in (row.gained, row.lost)),
        p_value(row.p),
    )
    return Row(f"seed {row.seed}", False, tuple(map(Cell, texts)))


def _image_notes(found: Comparison) -> Iterator[str]:
    if not found.images:
        yield f"Not compared image by image: {found.unseen}."
        return
    images, top1 = found.images, METRICS["top1"]
    low, high = (cells.measured(images[end], top1) for end in ("low", "high"))
    if low != cells.ABSENT:
        shown = cells.measured(images["mean"], top1, signed=True)
        n = f"{images['images']:.0f}"
        yield f"Top-1 over new seeds and new images, from {n} images: {shown} pp [{low}, {high}]."
    if images["seeds"] > 1:
        yield (
            f"That no seed differs: {p_is(images['some'])}; that not all differ alike: "
            f"{p_is(images['every'])}."
        )
