"""Interactive charts of the page, as specifications for plotly.js.

Colours that depend on the light or dark theme are set by `page.js`, by the `role` of a trace or a
shape. Plotly interprets tags in texts, so labels are escaped.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import pandas as pd

from study import format, stats
from study.analysis.frames import noise_range
from study.analysis.history import CurveValue
from study.metrics import METRICS, Metric
from study.plan.plan import PlannedArm
from study.report.contents import Report
from study.stats import Effect, Estimate

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Colours of Okabe and Ito, distinguishable with colour-blindness."""
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "cross", "star", "triangle-down")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
LEGEND = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
SIZE = {"height": 400, "legend": LEGEND}
MOST = 12  # curves and legend entries in one chart; the table has all arms

MARKERS = {"type": "scatter", "mode": "markers"}
LINES = {"type": "scatter", "mode": "lines"}
HOVER = {"hovertemplate": "%{hovertext}<extra></extra>"}  # without the name of the trace

Spec = dict[str, Any]
Place = tuple[float, float]


@dataclass(frozen=True)
class Chart:
    """An interactive chart of the page."""

    name: str
    """Id of its element."""
    title: str
    alt: str
    """Alternative text."""
    spec: Spec
    """Data and layout for plotly.js."""


def charts(report: Report, study: str) -> list[Chart]:
    """All charts that the report has data for; `study` is the prefix of their names."""
    parts = [*_effects(report), *_trade_offs(report), *_curves(report)]
    return [replace(chart, name=f"{study}-{chart.name}") for chart in parts]


def _axis(metric: Metric, *, difference: bool = False) -> Spec:
    unit = metric.difference_unit
    title = f"Δ {format.name(metric)} ({unit})" if difference else format.head(metric)
    return {"title": {"text": escape(title.replace(" ()", ""))}, "zeroline": difference}


# ---- effects ----


def _effects(report: Report) -> Iterator[Chart]:
    plan, base = report.plan, report.plan.baseline
    rows = stats.typed_rows(stats.effects(report.measured, base.digest), Effect)
    for name in dict.fromkeys(plan.study.columns):
        metric = METRICS[name]
        labels = {arm.digest: arm.label for arm in plan.arms if arm is not base}
        own = [row for row in rows if row.metric == name and row.mean == row.mean]
        labelled = [(labels[row.arm], row) for row in own if row.arm in labels]
        if metric.kind != "quality" or not labelled:
            continue
        effects = [format.effect(row, metric, len(plan.study.seeds)) for _, row in labelled]
        alt = [f"{label}: {text}" for (label, _), text in zip(labelled, effects, strict=True)]
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
        for seed, value in _pairs(report, row.arm, name)
    ]
    means = [(label, _scaled(row, scale)) for label, row in labelled]
    ends = [end * scale for end in noise_range(report.measured, name) or ()]
    shape = {"type": "rect", "xref": "x", "yref": "paper", "y0": 0, "y1": 1, "line": {"width": 0}}
    # A reversed range puts the first arm at the top, as in the table.
    axis = {"range": [len(means) - 0.4, -0.6], "automargin": True, "type": "category"}
    return {
        "data": [_seed_trace(dots, metric), _mean_trace(means, metric)],
        "layout": {
            "xaxis": _axis(metric, difference=True),
            "height": 170 + 40 * len(means),
            "yaxis": axis,
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


def _mean_trace(means: list[tuple[str, Effect]], metric: Metric) -> Spec:
    # An arm without an interval (one seed, or equal differences) gets bars of length zero.
    above = [row.high - row.mean if math.isfinite(row.low) else 0 for _, row in means]
    below = [row.mean - row.low if math.isfinite(row.low) else 0 for _, row in means]
    bars = {"type": "data", "symmetric": False, "color": COLOURS[0], "thickness": 2}
    return {
        **MARKERS,
        "name": "mean, 95 % interval",
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
    rows = stats.of_metric(report.measured, name)
    table = rows.pivot_table(index="seed", columns="arm", values="value")
    base = report.plan.baseline.digest
    if {arm, base} <= {*table.columns}:
        for seed, value in (table[arm] - table[base]).dropna().items():
            yield int(str(seed)), float(value)


# ---- accuracy against cost ----


def _trade_offs(report: Report) -> Iterator[Chart]:
    plan = report.plan
    quality = plan.tested
    estimates = stats.typed_rows(stats.estimates(report.measured), Estimate)
    means = {(row.arm, row.metric): row for row in estimates}
    for name in dict.fromkeys(plan.study.columns):
        if not quality or METRICS[name].kind == "quality":
            continue
        points = [
            (arm, means[arm.digest, name].mean, means[arm.digest, quality])
            for arm in plan.arms
            if (arm.digest, name) in means and (arm.digest, quality) in means
        ]
        # NaN is a diverged arm, which has no place on the chart.
        points = [point for point in points if point[2].mean == point[2].mean]
        if len({x for _, x, _ in points}) > 1:
            yield _trade_off(report, name, quality, points)


def _trade_off(
    report: Report, name: str, quality: str, points: list[tuple[PlannedArm, float, Estimate]]
) -> Chart:
    cost, metric, seeds = METRICS[name], METRICS[quality], len(report.plan.study.seeds)
    texts = [
        f"{arm.label}: {format.measured(x, cost)} {cost.unit}, "
        f"{format.replicates(row, metric, seeds)} {metric.unit}"
        for arm, x, row in points
    ]
    front = _front([(x, row.mean) for _, x, row in points], cost, metric)
    steps = {
        **LINES,
        "name": "front of the means",
        "role": "faint",
        "x": [x * cost.scale for x, _ in front],
        "y": [y * metric.scale for _, y in front],
        # The step holds the quality of the cheaper arm until the next one is reached.
        "line": {"shape": "hv" if cost.better == "lower" else "vh", "dash": "dot", "width": 1.5},
        "hoverinfo": "skip",
    }
    spec: Spec = {
        "data": [steps, *_points(points, cost, metric, texts)],
        "layout": {"xaxis": _axis(cost), "yaxis": _axis(metric), **SIZE},
    }
    title = f"{format.name(metric)} against {format.name(cost)}"
    return Chart(f"against-{name}", title, "; ".join(texts[:MOST]), spec)


def _points(
    points: list[tuple[PlannedArm, float, Estimate]], cost: Metric, metric: Metric, texts: list[str]
) -> Iterator[Spec]:
    """One trace per arm with its own marker, and the standard deviation over its seeds."""
    for number, (arm, x, row) in enumerate(points):
        colour = COLOURS[number % len(COLOURS)]
        sd = row.sd * metric.scale if row.sd == row.sd else 0
        yield {
            **MARKERS,
            "name": escape(arm.label),
            "showlegend": number < MOST,
            "x": [x * cost.scale],
            "y": [row.mean * metric.scale],
            "error_y": {"type": "data", "array": [sd], "thickness": 1.5, "color": colour},
            "marker": {"size": 11, "color": colour, "symbol": SYMBOLS[number % len(SYMBOLS)]},
            "hovertext": [escape(texts[number])],
            **HOVER,
        }


def _front(points: list[Place], cost: Metric, metric: Metric) -> list[Place]:
    """The Pareto front of the means: points that no other point beats in both metrics."""
    signs = [1 if axis.better == "higher" else -1 for axis in (cost, metric)]
    # From the best on the first axis on, a point is on the front if it beats all before it.
    ordered = sorted(points, key=lambda p: (-signs[0] * p[0], -signs[1] * p[1]))
    front = list[Place]()
    for x, y in ordered:
        if not front or signs[1] * y > signs[1] * front[-1][1]:
            front.append((x, y))
    return front


# ---- learning curves ----


def _curves(report: Report) -> Iterator[Chart]:
    for name in (n for n in ("train_loss", report.plan.tested) if n):
        part = stats.of_metric(report.curves, name)
        points = stats.typed_rows(part, CurveValue)
        epochs = max((point.epoch for point in points), default=0)
        if epochs < 2:
            continue
        title = "Training loss" if name == "train_loss" else format.name(METRICS[name])
        yield Chart(
            f"curve-{name.replace('_', '-')}",
            f"{title} by epoch",
            f"{title} of {len({point.arm for point in points})} arms over {epochs} epochs.",
            _lines(report, part, name, epochs=epochs),
        )


def _lines(report: Report, part: pd.DataFrame, name: str, *, epochs: int) -> Spec:
    metric = None if name == "train_loss" else METRICS[name]
    scale, digits = (metric.scale, metric.digits) if metric else (1.0, 4)
    data: list[Spec] = []
    arms = [arm for arm in report.plan.arms if len(stats.of_arm(part, arm.digest))][:MOST]
    for number, arm in enumerate(arms):
        values = stats.of_arm(part, arm.digest).groupby("epoch")["value"]
        data += _curve(values.agg(["mean", "min", "max"]) * scale, arm, number, digits)
    axis = _axis(metric) if metric else {"title": {"text": "Training loss (nats)"}}
    # A whole step keeps plotly from labelling halves of epochs.
    across = {"title": {"text": "Epoch"}, "dtick": max(1, epochs // 10)}
    return {"data": data, "layout": {"xaxis": across, "yaxis": axis, **SIZE}}


def _curve(by_epoch: pd.DataFrame, arm: PlannedArm, number: int, digits: int) -> Iterator[Spec]:
    """The curve of one arm: a band from its lowest to its highest seed, and a line of means."""
    colour, symbol = COLOURS[number % len(COLOURS)], SYMBOLS[number % len(SYMBOLS)]
    epochs = [int(str(epoch)) for epoch in by_epoch.index]
    yield {
        **LINES,
        # One closed outline, up along the highest seed and back along the lowest.
        "x": [*epochs, *reversed(epochs)],
        "y": [*by_epoch["max"], *reversed([*by_epoch["min"]])],
        "fill": "toself",
        "opacity": 0.18,
        "fillcolor": colour,
        "line": {"width": 0},
        "hoverinfo": "skip",
        "showlegend": False,
        "legendgroup": arm.digest,
    }
    yield {
        "type": "scatter",
        "mode": "lines+markers",
        "name": escape(arm.label),
        "x": epochs,
        "y": [*by_epoch["mean"]],
        "legendgroup": arm.digest,
        "line": {"color": colour, "dash": DASHES[number % len(DASHES)], "width": 2},
        "marker": {"symbol": symbol, "size": 7, "color": colour},
        "hovertemplate": f"{escape(arm.label)}, epoch %{{x}}: %{{y:.{digits}f}}<extra></extra>",
    }
