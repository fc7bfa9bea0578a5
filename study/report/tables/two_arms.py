"""Tables that compare two arms: metric by metric, and seed by seed."""

import math
from collections.abc import Iterator

from study import format, stats
from study.analysis.two_arms import METRIC_KINDS, Comparison, ImageSummary, MetricRow, SeedRow
from study.report.table import Cell, Row, Table, TableBlock, plain
from study.report.text.two_arms import ends, p_is
from study.spec.metric import Metric
from study.stats import SeedsAndImages


def tables(comparison: Comparison) -> list[Table]:
    # Replicates without seeds have no rows in common.
    by_seed = comparison.plan.paired and len(comparison.seeds)
    seeds = [_seed_table(comparison)] if by_seed else []
    return [_metric_table(comparison), *seeds]


def _metric_table(comparison: Comparison) -> Table:
    first, second = comparison.labels
    rows = stats.typed_rows(comparison.metrics, MetricRow)
    return Table(
        name=plain(f"{second} against {first}"),
        caption=plain(f"{comparison.plan.study.title}, {'; '.join(_changes(comparison))}"),
        heads=(plain(first), plain(second), "Difference [95 % CI]", "p (t test)", "p (sign-flip)"),
        blocks=tuple(
            TableBlock(
                kind, tuple(_metric_row(comparison, row) for row in rows if row.kind == kind)
            )
            for kind in METRIC_KINDS
            if any(row.kind == kind for row in rows)
        ),
        notes=tuple(map(plain, _notes(comparison))),
    )


def _changes(comparison: Comparison) -> Iterator[str]:
    """The factors in which the arms differ, by their levels, then settings that no factor names."""
    factors = comparison.plan.study.factors
    first, second = (arm.arm.choices for arm in comparison.arms)
    changed = [row for row in zip(factors, first, second, strict=True) if row[1] != row[2]]
    for factor, a, b in changed:
        yield f"{factor.title}: {factor.levels[a].label} → {factor.levels[b].label}"
    for path, (ours, theirs) in comparison.differs.items():
        if not any(_names(factor.path, path) for factor, _, _ in changed):
            yield f"{path}: {_value(ours)} → {_value(theirs)}"


def _names(factor: str, setting: str) -> bool:
    """True if a factor's path is that of a setting, or of the part that the setting belongs to."""
    # A detector's model has the settings of its backbone under the same last keys.
    ours, theirs = factor.split("."), setting.split(".")
    return theirs[: len(ours)] == ours or (ours[0], ours[-1]) == (theirs[0], theirs[-1])


def _value(value: object) -> str:
    # As YAML writes them: true and false, not Python's capitals.
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def _metric_row(comparison: Comparison, row: MetricRow) -> Row:
    metric = comparison.plan.catalogue[row.metric]
    if row.kind == "cost":
        metric = format.suited(metric, (row.first, row.second))
    sides = (
        _side(row.kind, row.first, row.first_sd, metric=metric),
        _side(row.kind, row.second, row.second_sd, metric=metric),
    )
    tests = (
        Cell(format.p_value(p), value=p) if row.kind == "quality" else Cell("")
        for p in (row.t_p, row.p)
    )
    return Row(format.head(metric), False, (*sides, Cell(_difference(comparison, row)), *tests))


def _side(kind: str, mean: float, sd: float, *, metric: Metric) -> Cell:
    text = format.measured(mean, metric)
    # A cost has no spread, and the rounds of a timing are no replicates.
    spread = kind == "quality" and text != format.ABSENT and math.isfinite(sd)
    return Cell(f"{text} ± {format.measured(sd, metric)}" if spread else text, value=mean)


def _difference(comparison: Comparison, row: MetricRow) -> str:
    metric = comparison.plan.catalogue[row.metric]
    if row.kind == "quality":
        return f"{format.effect(row, metric, int(row.n))} {metric.difference_unit}".rstrip()
    if row.kind == "speed":
        # By the interleaved ratio, which does not move when the whole machine slows down.
        resolution = comparison.plan.study.timing.resolution
        return format.times(ends(row), resolution) if row.ratio == row.ratio else format.ABSENT
    # NaN where the cost of an arm is unknown.
    both = math.isfinite(row.first) and math.isfinite(row.second)
    return format.change(row.second, row.first) if both else format.ABSENT


def _notes(comparison: Comparison) -> Iterator[str]:
    rows = stats.typed_rows(comparison.metrics, MetricRow)
    quality = [row for row in rows if row.kind == "quality"]
    if not quality:
        return
    row = quality[0]
    declaration = (
        "declared this comparison" if comparison.declared else "did not declare this comparison"
    )
    several = f"; the p values are not corrected for {len(quality)} metrics"
    yield f"The study {declaration} in advance{several if len(quality) > 1 else ''}."
    smallest = stats.smallest_p(int(row.n))
    if smallest > stats.ALPHA and comparison.plan.paired:
        yield f"A sign-flip test of {row.n:.0f} pairs cannot go below p = {smallest:.3g}."
    if row.unpaired:
        yield f"Seeds that only one of the two arms has, left out: {row.unpaired:.0f}."
    if any(quality_row.n > 1 and math.isnan(quality_row.low) for quality_row in quality):
        yield f"[{format.ABSENT}]: the difference is the same for every seed: no interval exists."
    # Replicates alone: trials of the A/A arm are compared with no other arm.
    missing = sum(not trial.done for arm in comparison.arms for trial in arm.replicates)
    if missing:
        total = sum(len(arm.replicates) for arm in comparison.arms)
        yield f"{missing} of {total} trials have no result yet."


def _seed_table(comparison: Comparison) -> Table:
    first, second = comparison.labels
    metric = comparison.plan.catalogue[comparison.tested]
    rows, per_image = stats.typed_rows(comparison.seeds, SeedRow), _has_images(comparison)
    return Table(
        name=plain(f"{format.head(metric)} seed by seed"),
        caption=plain(
            f"gained: images that only {second} classifies correctly; lost: only {first}. "
            "McNemar's exact test covers these trained networks, not other seeds."
        )
        if per_image
        else "",
        heads=(
            plain(first),
            plain(second),
            format.effect_head(metric, interval=False),
            *(("gained", "lost", "p (McNemar)") if per_image else ()),
        ),
        blocks=(
            TableBlock("", tuple(_seed_row(row, metric, per_image=per_image) for row in rows)),
        ),
        notes=tuple(map(plain, _image_notes(comparison))),
    )


def _has_images(comparison: Comparison) -> bool:
    name, measured = comparison.plan.task.per_image, {*comparison.metrics.get("metric", ())}
    # Before any result it is not known yet whether images will have that metric.
    return bool(name) and (name in measured or comparison.tested not in measured)


def _seed_row(row: SeedRow, metric: Metric, *, per_image: bool) -> Row:
    texts = (
        format.measured(row.first, metric),
        format.measured(row.second, metric),
        format.measured(row.difference, metric, signed=True),
        # Numbers of images; NaN where a trial has no predictions.
        *(f"{n:.0f}" if n == n else format.ABSENT for n in (row.gained, row.lost)),
        format.p_value(row.p),
    )[: None if per_image else 3]
    return Row(f"seed {row.seed}", False, tuple(map(Cell, texts)))


def _image_notes(comparison: Comparison) -> Iterator[str]:
    if (sampled := comparison.sampled) and sampled.low == sampled.low:
        yield _over_images(sampled, comparison.plan.catalogue[comparison.tested])
    if not _has_images(comparison):
        return
    if not comparison.images:
        yield f"Not compared image by image: {comparison.unseen}."
        return
    images, metric = comparison.images, comparison.plan.catalogue[comparison.plan.task.per_image]
    # No interval with fewer than two seeds, or if no image differs.
    if images.low == images.low:
        yield _over_images(images, metric)
    if images.seeds > 1:
        yield (
            f"Tests over all seeds: some seed differs, {p_is(images.some)}; every seed differs "
            f"in the same direction, {p_is(images.every)}."
        )


def _over_images(row: ImageSummary | SeedsAndImages, metric: Metric) -> str:
    """A note on a difference over new seeds and new images, with its interval."""
    low, high = (format.measured(end, metric) for end in (row.low, row.high))
    difference = f"{format.measured(row.mean, metric, signed=True)} {metric.difference_unit}"
    return (
        f"{format.name(metric)} difference with its interval over new seeds and new images, from "
        f"{row.images:.0f} images: {difference.rstrip()} [{low}, {high}]."
    )
