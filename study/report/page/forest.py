"""Forest plots of the page: the difference of every arm from the baseline, seed by seed."""

import math
from collections.abc import Iterator
from html import escape

from study import format, stats
from study.report.contents import Report
from study.report.page.chart import COLOURS, HOVER, LEGEND, MARKERS, MOST, Chart, Spec, axis
from study.spec.metric import Metric
from study.stats import Effect


def effects(report: Report) -> Iterator[Chart]:
    """One chart per quality that any arm has a difference in."""
    plan, base = report.plan, report.plan.baseline
    rows = report.analysis.effects.values()
    for name in dict.fromkeys(plan.study.columns):
        metric = plan.catalogue[name]
        labels = {arm.digest: arm.label for arm in plan.arms if arm is not base}
        own = [row for row in rows if row.metric == name and row.mean == row.mean]
        labelled = [(labels[row.arm], row) for row in own if row.arm in labels]
        if metric.kind != "quality" or not labelled:
            continue
        texts = [format.effect(row, metric, len(plan.study.seeds)) for _, row in labelled]
        alt = [f"{label}: {text}" for (label, _), text in zip(labelled, texts, strict=True)]
        yield Chart(
            f"effects-{name.replace('@', '-')}",
            f"Differences from {base.label} in {format.name(metric)}",
            "; ".join(alt[:MOST]),
            _forest(report, metric, name, labelled),
        )


def _forest(report: Report, metric: Metric, name: str, labelled: list[tuple[str, Effect]]) -> Spec:
    """A forest plot: seeds as open circles, means with intervals, the noise floor as a band."""
    scale = metric.scale
    dots = [
        (label, seed, value * scale)
        for label, row in labelled
        # Images, not seeds, are the sample of given weights.
        if not report.analysis.hits.of(name)
        for seed, value in _pairs(report, row.arm, name)
    ]
    means = [(label, _scaled(row, scale)) for label, row in labelled]
    ends = [end * scale for end in report.analysis.noise_range(name) or ()]
    shape = {"type": "rect", "xref": "x", "yref": "paper", "y0": 0, "y1": 1, "line": {"width": 0}}
    # A reversed range puts the first arm at the top, as in the table.
    arms = {"range": [len(means) - 0.4, -0.6], "automargin": True, "type": "category"}
    mean = _mean_trace(means, metric, report.analysis.inference.name)
    return {
        "data": [*([_seed_trace(dots, metric)] if dots else []), mean],
        "layout": {
            "xaxis": axis(metric, difference=True),
            # Pixels: 40 for an arm, the rest for the axis and the legend.
            "height": 170 + 40 * len(means),
            "yaxis": arms,
            "shapes": [{**shape, "x0": ends[0], "x1": ends[1], "role": "band"}] if ends else [],
            "legend": LEGEND,
        },
    }


def _scaled(row: Effect, scale: float) -> Effect:
    return row._replace(mean=row.mean * scale, low=row.low * scale, high=row.high * scale)


def _seed_trace(dots: list[tuple[str, int, float]], metric: Metric) -> Spec:
    text = f"%{{y}}, seed %{{customdata}}: %{{x:+.{metric.digits}f}} {metric.difference_unit}"
    return {
        **MARKERS,
        "name": "one seed",
        "role": "faint",
        "x": [value for *_, value in dots],
        "y": [escape(label) for label, *_ in dots],
        "customdata": [seed for _, seed, _ in dots],
        "marker": {"symbol": "circle-open", "size": 7},
        "hovertemplate": f"{text}<extra></extra>",
    }


def _mean_trace(means: list[tuple[str, Effect]], metric: Metric, interval: str) -> Spec:
    # An arm without an interval (one seed, or equal differences) gets bars of length zero.
    above = [row.high - row.mean if math.isfinite(row.low) else 0 for _, row in means]
    below = [row.mean - row.low if math.isfinite(row.low) else 0 for _, row in means]
    bars = {"type": "data", "symmetric": False, "color": COLOURS[0], "thickness": 2}
    return {
        **MARKERS,
        "name": f"mean, {interval}",
        "x": [row.mean for _, row in means],
        "y": [escape(label) for label, _ in means],
        "marker": {"size": 10, "color": COLOURS[0]},
        "error_x": {**bars, "array": above, "arrayminus": below},
        "hovertext": [_hover(label, row, metric) for label, row in means],
        **HOVER,
    }


def _hover(label: str, row: Effect, metric: Metric) -> str:
    numbers = (row.mean, row.low, row.high)
    mean, low, high = (format.number(value, metric.digits, signed=True) for value in numbers)
    ends = f" [{low}, {high}]" if math.isfinite(row.low) else ""
    return escape(f"{label}: {mean}{ends} {metric.difference_unit}")


def _pairs(report: Report, arm: str, name: str) -> Iterator[tuple[int, float]]:
    """The differences of an arm from the baseline, as (seed, difference)."""
    rows = stats.of_metric(report.analysis.measurements, name)
    table = rows.pivot_table(index="seed", columns="arm", values="value")
    base = report.plan.baseline.digest
    if {arm, base} <= {*table.columns}:
        # NaN is a seed that only one of the two arms has, or that diverged.
        for seed, value in (table[arm] - table[base]).dropna().items():
            yield int(str(seed)), float(value)
