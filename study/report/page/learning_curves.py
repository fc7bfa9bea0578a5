"""Learning curves of the page: the mean over seeds by epoch, with a band."""

from collections.abc import Iterator
from html import escape

import pandas as pd

from study import format, stats
from study.analysis.history import CurveValue
from study.report.contents import Report
from study.report.page.chart import COLOURS, DASHES, LINES, MOST, SIZE, SYMBOLS, Chart, Spec, axis
from study.tasks.arms import PlannedArm


def curves(report: Report) -> Iterator[Chart]:
    """Charts of the training loss and the first quality; trials measured once have none."""
    plan = report.plan
    for name in (n for n in ("train_loss", plan.tested) if n):
        part = stats.of_metric(report.analysis.curves, name)
        points = stats.typed_rows(part, CurveValue)
        epochs, unit = max((point.epoch for point in points), default=0), plan.task.progress_unit
        if len({point.epoch for point in points}) < 2:
            continue
        title = "Training loss" if name == "train_loss" else format.name(plan.catalogue[name])
        yield Chart(
            f"curve-{name.replace('_', '-')}",
            f"{title} by {unit}",
            f"{title} of {len({point.arm for point in points})} arms over {epochs} {unit}s.",
            _lines(report, part, name, epochs=epochs),
        )


def _lines(report: Report, part: pd.DataFrame, name: str, *, epochs: int) -> Spec:
    metric = None if name == "train_loss" else report.plan.catalogue[name]
    # The loss is no metric of the catalogue: nats, with four digits.
    scale, digits = (metric.scale, metric.digits) if metric else (1.0, 4)
    data: list[Spec] = []
    arms = [arm for arm in report.plan.arms if len(stats.of_arm(part, arm.digest))][:MOST]
    for number, arm in enumerate(arms):
        values = stats.of_arm(part, arm.digest).groupby("epoch")["value"]
        data += _curve(values.agg(["mean", "min", "max"]) * scale, arm, number, digits)
    upwards = axis(metric) if metric else {"title": {"text": "Training loss (nats)"}}
    # A whole step keeps plotly from labelling halves of epochs.
    title = {"text": report.plan.task.progress_unit.capitalize()}
    across = {"title": title, "dtick": max(1, epochs // 10)}
    return {"data": data, "layout": {"xaxis": across, "yaxis": upwards, **SIZE}}


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
