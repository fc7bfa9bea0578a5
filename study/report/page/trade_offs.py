"""Charts of the page of quality against cost, with the Pareto front of the means."""

from collections.abc import Iterator
from html import escape

from study import format
from study.analysis.fronts import on_front
from study.report.contents import Report
from study.report.page.chart import (
    COLOURS,
    HOVER,
    LINES,
    MARKERS,
    MOST,
    SIZE,
    SYMBOLS,
    Chart,
    Spec,
    axis,
)
from study.spec.metric import Metric
from study.stats import Estimate
from study.tasks.arms import PlannedArm


def trade_offs(report: Report) -> Iterator[Chart]:
    """One chart per cost or speed that differs between arms with a mean."""
    plan = report.plan
    quality = plan.tested
    means = report.analysis.estimates
    for name in dict.fromkeys(plan.study.columns):
        if not quality or plan.catalogue[name].kind == "quality":
            continue
        points = [
            (arm, means[arm.digest, name].mean, means[arm.digest, quality])
            for arm in plan.arms
            if (arm.digest, name) in means and (arm.digest, quality) in means
        ]
        # NaN is a diverged arm, which has no place on the chart.
        points = [point for point in points if point[2].mean == point[2].mean]
        if len({x for _, x, _ in points}) > 1:
            yield _trade_off(report, name, points)


def _trade_off(
    report: Report, name: str, points: list[tuple[PlannedArm, float, Estimate]]
) -> Chart:
    plan = report.plan
    cost, metric = plan.catalogue[name], plan.catalogue[plan.tested]
    texts = [
        f"{arm.label}: {format.measured(x, cost)} {cost.unit}, "
        f"{format.replicates(row, metric, report.analysis.seeds)} {metric.unit}"
        for arm, x, row in points
    ]
    places = sorted((x, row.mean) for _, x, row in points)
    both = zip(places, on_front(places, cost, metric), strict=True)
    # From the cheapest on, so that the steps rise.
    front = [place for place, on in both if on][:: 1 if cost.better == "lower" else -1]
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
        "data": [steps, *_points(report, points, (cost, metric), texts)],
        "layout": {"xaxis": axis(cost), "yaxis": axis(metric), **SIZE},
    }
    title = f"{format.name(metric)} against {format.name(cost)}"
    return Chart(f"against-{name}", title, "; ".join(texts[:MOST]), spec)


def _points(
    report: Report,
    points: list[tuple[PlannedArm, float, Estimate]],
    axes: tuple[Metric, Metric],
    texts: list[str],
) -> Iterator[Spec]:
    """One trace per arm with its own marker, and its standard deviation or interval."""
    cost, metric = axes
    for number, (arm, x, row) in enumerate(points):
        colour = COLOURS[number % len(COLOURS)]
        yield {
            **MARKERS,
            "name": escape(arm.label),
            "showlegend": number < MOST,
            "x": [x * cost.scale],
            "y": [row.mean * metric.scale],
            "error_y": {
                "type": "data",
                "thickness": 1.5,
                "color": colour,
                **_bars(report, row, metric),
            },
            "marker": {"size": 11, "color": colour, "symbol": SYMBOLS[number % len(SYMBOLS)]},
            "hovertext": [escape(texts[number])],
            **HOVER,
        }


def _bars(report: Report, row: Estimate, metric: Metric) -> Spec:
    """The standard deviation over seeds; of given weights the interval over images."""
    mean = report.analysis.means.get((row.arm, row.metric))
    if mean and mean.low == mean.low and report.analysis.hits.of(row.metric):
        above, below = (metric.scale * gap for gap in (mean.high - mean.mean, mean.mean - mean.low))
        return {"symmetric": False, "array": [above], "arrayminus": [below]}
    # One seed has no deviation; a bar of length zero is invisible.
    return {"array": [row.sd * metric.scale if row.sd == row.sd else 0]}
