"""Figure of costs over the image size, on logarithmic axes."""

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from study import format
from study.plan.plan import Plan
from study.report.contents import Report
from study.report.figures.axes import logarithmic
from study.report.figures.report_figure import ReportFigure, error_bars, frame, listing, numbered
from study.report.figures.row_layout import chunks
from study.report.figures.style import ARMS, COLUMN, SMALL
from study.report.figures.text_fit import wrapped
from study.spec.image_size import mean_side
from study.spec.metric import Metric
from study.stats import typed_rows

PATH = "data.img_size"
FEWEST = 3  # sizes; two points always fit a power law
APART = 0.05  # largest deviation of a single step's exponent from the common one


class SideMark(NamedTuple):
    """A row of the figure's data; the side of an oblong image is that of a square of its area."""

    model: str
    side: float
    exponent: float
    metric: str
    value: float
    low: float
    high: float


def resolution(report: Report) -> Iterator[ReportFigure]:
    """One panel per cost and speed that was measured at three sizes or more."""
    data = points(report)
    marks = typed_rows(data, SideMark)
    metrics = {mark.metric: report.plan.catalogue[mark.metric] for mark in marks}
    models = list(dict.fromkeys(mark.model for mark in marks))
    for number, part in enumerate(chunks(models, len(ARMS))):
        own = data[data["model"].isin(part)]
        figure = _figure(typed_rows(own, SideMark), metrics, part)
        yield ReportFigure(numbered("resolution", number), figure, own, _alt(own, metrics))


# ---- data ----


def points(report: Report) -> pd.DataFrame:
    """One row per model, side and metric.

    `exponent` is that of a power law over the side, if all steps from one size to the next agree;
    NaN for a cost that is a sum of powers.
    """
    values, catalogue = report.analysis.estimates, report.plan.catalogue
    rows = []
    for name in dict.fromkeys(report.plan.study.columns):
        if catalogue[name].kind == "quality":
            continue
        for model, arms in _series(report.plan).items():
            by_side = [(side, values[arm, name]) for side, arm in arms if (arm, name) in values]
            # Zero has no logarithm.
            by_side = [(side, row) for side, row in by_side if row.mean > 0]
            power = exponent([(side, row.mean) for side, row in by_side])
            if len(by_side) >= FEWEST:
                rows += [
                    {
                        "model": model,
                        "side": side,
                        "metric": name,
                        "what": "cost",
                        "value": row.mean,
                        "low": row.low,
                        "high": row.high,
                        "exponent": power,
                    }
                    for side, row in by_side
                ]
    return frame(rows, catalogue, "model", "side", "exponent").drop(columns="seed")


def _series(plan: Plan) -> dict[str, list[tuple[float, str]]]:
    """The arms of every model as (side, arm); models differ in every factor but the size."""
    study = plan.study
    index = next((i for i, factor in enumerate(study.factors) if factor.path == PATH), None)
    series: dict[str, list[tuple[float, str]]] = {}
    if index is None:
        return series
    # A twin is another model at each size, so no curve over sizes.
    for arm in (arm for arm in plan.arms if not arm.arm.is_twin):
        others = [
            factor.levels[choice].label
            for place, (factor, choice) in enumerate(
                zip(study.factors, arm.arm.choices, strict=True)
            )
            if place != index
        ]
        facts = plan.task.facts(study, arm)
        model = " + ".join(others) or str(facts.model)
        series.setdefault(model, []).append((mean_side(facts.img_size or 0), arm.digest))
    return {model: sorted(arms) for model, arms in series.items()}


def exponent(points: list[tuple[float, float]]) -> float:
    """Exponent of the power law through points (side, value); NaN if they do not follow one."""
    # Two oblong sizes may have one area, and so no slope between them.
    if len(points) < FEWEST or len({side for side, _ in points}) < len(points):
        return math.nan
    # A power law is a straight line on logarithmic axes, and its exponent the slope.
    logs = [(math.log(side), math.log(value)) for side, value in points]
    steps = [(y1 - y0) / (x1 - x0) for (x0, y0), (x1, y1) in pairwise(logs)]
    # By the ends alone: a fit would average over the bend that tells a sum of powers.
    middle = (logs[-1][1] - logs[0][1]) / (logs[-1][0] - logs[0][0])
    return middle if all(abs(step - middle) <= APART for step in steps) else math.nan


# ---- the figure ----


def _figure(marks: list[SideMark], metrics: dict[str, Metric], models: list[str]) -> Figure:
    # Inches: 1.45 for a panel, 0.13 for a line of the legend, which has two columns.
    figure = Figure(figsize=(COLUMN, 0.75 + 1.45 * len(metrics) + 0.13 * (-(-len(models) // 2))))
    panels = figure.subplots(len(metrics), sharex=True, squeeze=False)[:, 0]
    sides = sorted({mark.side for mark in marks})
    for axes, (name, metric) in zip(panels, metrics.items(), strict=True):
        _panel(axes, [mark for mark in marks if mark.metric == name], models)
        axes.set_ylabel(format.head(metric).replace(" (", "\n("))
    axes = panels[-1]
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator([float(side) for side in sides]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
    # Whole numbers are the sides of squares.
    oblong = any(side % 1 for side in sides)
    axes.set_xlabel(f"Side of the image{', or of a square of its area' * oblong} (px)")
    # Room at the right for the exponent beside the last point.
    axes.set_xlim(sides[0] / 1.15, sides[-1] * 1.7)
    handles, texts = panels[0].get_legend_handles_labels()
    legend = figure.legend(handles, texts, loc="outside upper center", ncols=2)
    for text in legend.get_texts():
        text.set_parse_math(False)
    return figure


def _panel(axes: Axes, marks: list[SideMark], models: list[str]) -> None:
    axes.grid(True, axis="both")
    for model, (colour, dashes, marker) in zip(models, ARMS, strict=False):
        own = [mark for mark in marks if mark.model == model]
        axes.errorbar(
            [mark.side for mark in own],
            [mark.value for mark in own],
            yerr=error_bars(own),
            color=colour,
            linestyle=dashes,
            marker=marker,
            markersize=3.5,
            linewidth=1,
            capsize=2,
            label=wrapped(model, 95, size=SMALL, lines=1),
        )
        for mark in own[-1:]:
            if mark.exponent == mark.exponent:
                axes.annotate(
                    f"∝ side^{mark.exponent:.2f}",
                    (mark.side, mark.value),
                    (5, 0),
                    textcoords="offset points",
                    va="center",
                    fontsize=SMALL,
                    color=colour,
                )
    if marks:
        logarithmic(axes.yaxis, [mark.value for mark in marks])


# ---- alternative text ----


def _alt(data: pd.DataFrame, metrics: dict[str, Metric]) -> str:
    sentences = []
    for (name, model), part in data.groupby(["metric", "model"], sort=False):
        metric, (first, *_, last) = metrics[str(name)], typed_rows(part, SideMark)
        power = first.exponent
        sentences.append(
            f"{format.head(metric)} of {model}: {format.number(first.value, metric.digits)} at "
            f"{first.side:.0f} px, {format.number(last.value, metric.digits)} at {last.side:.0f} px"
            + (f", as the side to the power of {power:.2f}" if power == power else "")
        )
    return f"Costs over the side of the image. {listing(sentences, 12)}."
