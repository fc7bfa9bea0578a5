"""Interactive charts of the page, as specifications for plotly.js.

Colours that depend on the light or dark theme are set by `page.js`, by the `role` of a trace or a
shape. Plotly interprets tags in texts, so labels are escaped.
"""

from collections.abc import Iterator
from dataclasses import replace
from html import escape

import pandas as pd

from study import format, stats
from study.analysis.history import CurveValue
from study.metrics import METRICS, Metric
from study.plan.plan import PlannedArm
from study.report.contents import Report
from study.report.page.chart import (
    COLOURS,
    DASHES,
    HOVER,
    LINES,
    MARKERS,
    MOST,
    SIZE,
    SYMBOLS,
    Chart,
    Spec,
    axis_of,
)
from study.report.page.forest import effect_charts
from study.stats import Estimate

Place = tuple[float, float]


def charts(report: Report, study: str) -> list[Chart]:
    """All charts that the report has data for; `study` is the prefix of their names."""
    parts = [*effect_charts(report), *_trade_offs(report), *_curves(report)]
    return [replace(chart, name=f"{study}-{chart.name}") for chart in parts]


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
        "layout": {"xaxis": axis_of(cost), "yaxis": axis_of(metric), **SIZE},
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
    axis = axis_of(metric) if metric else {"title": {"text": "Training loss (nats)"}}
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
