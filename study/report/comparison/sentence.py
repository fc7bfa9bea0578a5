"""What can be told of two arms, in one sentence that says no more than the test does."""

from collections.abc import Iterator
from typing import Any

from study import cells, stats
from study.evidence import Ratio
from study.metrics import METRICS
from study.report.comparison.measured import Comparison
from study.report.contrasts import p_value
from study.report.images import diverged

LEVEL = 1 - stats.CONFIDENCE


def answer(found: Comparison) -> str:
    """What can be told of the two in the tested metric, and what the second costs."""
    tail = [*_costs(found)]
    costs = f"; {', '.join(tail)}" if tail else ""
    return (
        f"{_so_far(found)}{_quality(found)}{costs}."
        if found.tested
        else f"{found.labels[1]}{costs}."
    )


def _so_far(found: Comparison) -> str:
    trials = [trial for arm in found.arms for trial in arm.replicates]
    done = sum(trial.done for trial in trials)
    return f"So far, with {done} of {len(trials)} trials: " if 0 < done < len(trials) else ""


def _quality(found: Comparison) -> str:
    first, second = found.labels
    name, metric = cells.name(METRICS[found.tested]), METRICS[found.tested]
    lost = [one for one, arm in zip(found.labels, found.arms, strict=True) if diverged(arm)]
    rows = found.metrics[found.metrics["metric"] == found.tested]
    row: Any = next(rows.itertuples(), None)
    if lost:
        return f"{' and '.join(lost)} diverged, so nothing can be told in {name}"
    if row is None or not row.n > 0:
        return f"{second} and {first} have no finished seed in common yet"
    shown = f"{cells.effect(row, metric, int(row.n))} {cells.difference_unit(metric)}".rstrip()
    if found.tested == "top1" and all(arm.given for arm in found.arms) and len(found.seeds):
        return _given(found)
    if row.n == 1:
        return f"In {name} {second} is {shown} from {first} in one seed, which is no evidence"
    pairs = f"{row.n:.0f} paired seeds"
    better = (row.mean > 0) == (metric.better == "higher")
    word = "better" if better else "worse"
    if row.low != row.low:
        amount = shown.replace(f" [{cells.ABSENT}]", "")
        same = f"{second} equals {first}" if row.mean == 0 else f"{second} is {amount} from {first}"
        return f"In {name} {same} in every one of {pairs}, which leaves no spread to judge by"
    if row.t_p < LEVEL:
        return f"{second} is {word} than {first} in {name}: {shown} ({pairs}, {p_is(row.t_p)})"
    needed = f"; were that the truth, {row.seeds:.0f} seeds would show it 4 times in 5"
    told = needed if row.seeds > row.n else ""
    return f"In {name} {second} cannot be told from {first} with {pairs}: {shown}{told}"


def _given(found: Comparison) -> str:
    """Between given weights no seed changes anything: what is tested are the images."""
    first, second = found.labels
    test: Any = next(found.seeds.itertuples())
    amount = f"{cells.measured(test.difference, METRICS['top1'], signed=True)} pp"
    if test.p != test.p:
        return f"{second} is {amount} from {first} in Top-1; their images were not compared"
    word = "is better than" if test.difference > 0 else "is worse than"
    verb = word if test.p < LEVEL else "cannot be told from"
    on = f"given weights, {test.images:.0f} images, McNemar's exact test: {p_is(test.p)}"
    return f"{second} {verb} {first} in Top-1: {amount} ({on})"


def p_is(value: float) -> str:
    shown = p_value(value)
    return f"p {shown}" if shown.startswith("<") else f"p = {shown}"


def _costs(found: Comparison) -> Iterator[str]:
    """Of the study's columns, what the second takes more or less of; counted in one way."""
    columns, resolution = found.plan.study.columns, found.plan.study.timing.resolution
    ways: dict[str, Any] = {}
    for row in found.metrics[found.metrics["metric"].isin(columns)].itertuples():
        ways.setdefault(cells.name(METRICS[str(row.metric)]), row)
    for row in ways.values():
        name = METRICS[row.metric].label
        if row.kind == "cost" and row.first == row.first and row.second == row.second:
            same = row.first == row.second
            yield f"{name} equal" if same else f"{name} {cells.change(row.second, row.first)}"
        if row.kind == "speed" and row.ratio == row.ratio:
            yield f"{name} {cells.times(ends(row), resolution)}"


def ends(row: Any) -> Ratio:
    return Ratio(row.ratio, row.ratio_low, row.ratio_high)
