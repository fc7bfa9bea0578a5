"""The answer about two arms: one sentence that claims only what the test supports."""

from collections.abc import Iterator
from functools import partial

from study import format, stats
from study.analysis.quantities import SpeedRatio
from study.analysis.two_arms import Comparison, MetricRow, SeedRow
from study.report.text import pairing


def answer(comparison: Comparison) -> str:
    """How the two arms differ in the tested metric, and what the second costs."""
    tail = [*_costs(comparison)]
    costs = f"; {', '.join(tail)}" if tail else ""
    return (
        f"{_so_far(comparison)}{_quality(comparison)}{costs}."
        if comparison.tested
        else f"{comparison.labels[1]}{costs}."
    )


def _so_far(comparison: Comparison) -> str:
    trials = [trial for arm in comparison.arms for trial in arm.replicates]
    done = sum(trial.done for trial in trials)
    so_far = f"So far {done} of {len(trials)} trials have finished. "
    return so_far if 0 < done < len(trials) else ""


def _quality(comparison: Comparison) -> str:
    first, second = comparison.labels
    metric = comparison.plan.catalogue[comparison.tested]
    name = format.name(metric)
    lost = [
        label
        for label, arm in zip(comparison.labels, comparison.arms, strict=True)
        if arm.diverged_seeds
    ]
    rows = stats.typed_rows(comparison.metrics, MetricRow)
    row = next((row for row in rows if row.metric == comparison.tested), None)
    # The mean of the other seeds would flatter an arm of which one diverged.
    if lost:
        return f"{' and '.join(lost)} diverged, so {name} cannot be compared"
    if row is None or not row.n > 0:
        return f"{second} and {first} have no finished seed in common yet"
    difference = f"{format.effect(row, metric, int(row.n))} {metric.difference_unit}".rstrip()
    if (
        comparison.tested == comparison.plan.task.per_image
        and all(arm.evaluates_given_weights for arm in comparison.arms)
        and len(comparison.seeds)
    ):
        # One evaluation per arm and no training: only the images can be a sample.
        return _given_weights(comparison)
    if row.n == 1:
        return (
            f"In {name} {second} differs from {first} by {difference} with one seed, too few to "
            "separate a difference from noise"
        )
    return _paired(comparison, row, difference)


def _paired(comparison: Comparison, row: MetricRow, difference: str) -> str:
    """The clause on two arms that share several seeds; `row` is that of the tested metric."""
    first, second = comparison.labels
    metric = comparison.plan.catalogue[comparison.tested]
    name = format.name(metric)
    pairs = pairing.replicates(comparison.plan, f"{row.n:.0f}")
    better = (row.mean > 0) == (metric.better == "higher")
    word = "better" if better else "worse"
    if row.low != row.low:
        amount = difference.replace(f" [{format.ABSENT}]", "")
        same = f"{second} equals {first}"
        if row.mean != 0:
            same = f"{second} differs from {first} by {amount}"
        return f"In {name} {same} for every one of {pairs}, so there is no interval"
    # The t test agrees with the interval in the same sentence; the sign-flip test may not.
    if row.t_p < stats.ALPHA:
        return f"{second} is {word} than {first} in {name}: {difference} ({pairs}, {p_is(row.t_p)})"
    # If the measured mean and deviation are the true ones, which few seeds cannot show.
    # A test that is read after every added seed errs more often (benchmarks/sequential.py).
    seeds = stats.with_range(row.sd, int(row.n) - 1, partial(stats.seeds_for, row.mean))
    needed = (
        f"; {seeds.text} seeds would detect a difference of this size with 80 % power, "
        "if their number is set in advance (adding seeds until a test decides at least doubles "
        "its errors)"
    )
    # Of pairs: without them more replicates are needed.
    advice = needed if row.seeds > row.n and comparison.plan.paired else ""
    relation = f"{second} cannot be distinguished from {first} with {pairs}"
    return f"In {name} {relation}: {difference}{advice}"


def _given_weights(comparison: Comparison) -> str:
    """The clause on two arms with given weights, tested over images: seeds change nothing."""
    first, second = comparison.labels
    test = stats.typed_rows(comparison.seeds.head(1), SeedRow)[0]
    metric = comparison.plan.catalogue[comparison.tested]
    name = format.name(metric)
    amount = f"{format.measured(test.difference, metric, signed=True)} {metric.difference_unit}"
    if test.p != test.p:
        return (
            f"{second} differs from {first} by {amount} in {name}; their images were not compared"
        )
    word = "is better than" if test.difference > 0 else "is worse than"
    verb = word if test.p < stats.ALPHA else "cannot be distinguished from"
    on = f"given weights, {test.images:.0f} images, McNemar's exact test: {p_is(test.p)}"
    return f"{second} {verb} {first} in {name}: {amount} ({on})"


def p_is(value: float) -> str:
    text = format.p_value(value)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def _costs(comparison: Comparison) -> Iterator[str]:
    """Relative costs and speeds of the second arm; of several counting rules, the first column."""
    plan, resolution = comparison.plan, comparison.plan.study.timing.resolution
    # By name without the counting rule: two counts of one cost would look like two costs.
    by_name: dict[str, MetricRow] = {}
    for row in stats.typed_rows(comparison.metrics, MetricRow):
        if row.metric in plan.study.columns:
            by_name.setdefault(format.name(plan.catalogue[row.metric]), row)
    for row in by_name.values():
        name = plan.catalogue[row.metric].label
        if row.kind == "cost" and row.first == row.first and row.second == row.second:
            same = row.first == row.second
            yield f"{name} equal" if same else f"{name} {format.change(row.second, row.first)}"
        if row.kind == "speed" and row.ratio == row.ratio:
            yield f"{name} {format.times(ends(row), resolution)}"


def ends(row: MetricRow) -> SpeedRatio:
    return SpeedRatio(row.ratio, row.ratio_low, row.ratio_high)
