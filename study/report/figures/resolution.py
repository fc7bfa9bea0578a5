"""Figures over the image size: quality at the sizes of evaluation, and costs of models.

Costs of models are those of arms that differ in the size alone, on logarithmic axes.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from study import format, stats
from study.plan.plan import Plan
from study.report.contents import Report
from study.report.figures.axes import linear, logarithmic, within_percent
from study.report.figures.forest import write_note
from study.report.figures.interval_text import interval_text
from study.report.figures.report_figure import (
    ReportFigure,
    any_range,
    frame,
    listing,
    numbered,
    value_text,
)
from study.report.figures.row_layout import chunks
from study.report.figures.series import SOME, Point, Series, draw, name_ends, name_place, panels
from study.report.figures.style import ARMS
from study.spec.image_size import mean_side
from study.spec.metric import Metric, sized
from study.stats import typed_rows

PATH = "data.img_size"


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
    """Quality over the size of evaluation; costs and speeds at three sizes or more."""
    yield from _quality_figures(report)
    data = points(report)
    marks = typed_rows(data, SideMark)
    metrics = {mark.metric: report.plan.catalogue[mark.metric] for mark in marks}
    models = list(dict.fromkeys(mark.model for mark in marks))
    for number, part in enumerate(chunks(models, len(ARMS))):
        own = data[data["model"].isin(part)]
        figure, every = panels(report, len(metrics))
        shown = typed_rows(own, SideMark)
        names = list(dict.fromkeys(mark.model for mark in shown))
        for axes, (name, metric) in zip(every, metrics.items(), strict=True):
            here = [mark for mark in shown if mark.metric == name]
            series = _series(here, names)
            placed = draw(axes, series)
            axes.grid(True, axis="both")
            logarithmic(axes.yaxis, [mark.value for mark in here])
            _side_axis(axes, here, "Side of the image")
            axes.set_ylabel(format.head(metric), parse_math=False)
            name_ends(figure, axes, placed)
        if any_range(shown):
            write_note(figure, "bars: lowest and highest round")
        yield ReportFigure(numbered("resolution", number), figure, own, _alt(own, metrics))


def _quality_figures(report: Report) -> Iterator[ReportFigure]:
    """One figure per quality that is measured at two image sizes or more, every arm a curve."""
    catalogue, analysis = report.plan.catalogue, report.analysis
    for base in dict.fromkeys(sized(name)[0] for name in report.analysis.of_kind("quality")):
        data = quality_points(report, base)
        every = typed_rows(data, SideMark)
        models = list(dict.fromkeys(mark.model for mark in every))
        # The first arm is the baseline, which every figure has.
        for number, part in enumerate(chunks(models[1:], len(ARMS) - 1)):
            names = [*models[:1], *part]
            marks = [mark for mark in every if mark.model in names]
            figure, (axes,) = panels(report, 1)
            series = _series(marks, names)
            placed = draw(axes, series, bands=True)
            trained = _training_sides(report.plan)
            # Arms that are trained at several sizes have no common one to name.
            for side in trained if len(trained) == 1 else ():
                name_place(axes, side, "size of training")
            _side_axis(axes, marks, "Side of the test image")
            axes.set_ylabel(format.head(catalogue[base]), parse_math=False)
            within_percent(axes, catalogue[base], (mark.value for mark in marks))
            linear(axes.yaxis, 5)
            name_ends(figure, axes, placed)
            kind = "band" if len(series) <= SOME else "bars"
            text = (
                f", {kind}: {interval_text(analysis, base, level=True)}" if any_range(marks) else ""
            )
            write_note(figure, f"mean{text}")
            own = data[data["model"].isin(names)]
            alt = _quality_alt(catalogue[base], marks)
            yield ReportFigure(numbered(f"resolution-{base}", number), figure, own, alt)


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
        for model, arms in _sizes_of_models(report.plan).items():
            by_side = [(side, values[arm, name]) for side, arm in arms if (arm, name) in values]
            # Zero has no logarithm.
            by_side = [(side, row) for side, row in by_side if row.mean > 0]
            power = stats.exponent([(side, row.mean) for side, row in by_side])
            if len(by_side) >= stats.FEWEST_POINTS:
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


def _sizes_of_models(plan: Plan) -> dict[str, list[tuple[float, str]]]:
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


def quality_points(report: Report, base: str) -> pd.DataFrame:
    """One row per arm and size of evaluation; empty unless a quality has two sizes or more.

    The quality without a size is that at the size of the arm's own images.
    """
    plan, means = report.plan, report.analysis.means
    names = [name for name in report.analysis.of_kind("quality") if sized(name)[0] == base]
    rows = []
    for arm in plan.arms if len(names) > 1 else ():
        # Arms may be trained at different sizes, so "top1" has a place of its own for each.
        own = plan.task.facts(plan.study, arm).img_size
        sides = {name: mean_side(sized(name)[1] or own or 0) for name in names}
        for name in sorted(names, key=lambda name: sides[name]):
            mean = means.get((arm.digest, name))
            if mean is not None and mean.mean == mean.mean:
                ends = {"value": mean.mean, "low": mean.low, "high": mean.high}
                keys = {"model": arm.label, "side": sides[name], "metric": name}
                rows.append({**keys, "what": "mean", **ends})
    return frame(rows, plan.catalogue, "model", "side", "exponent").drop(columns="seed")


def _training_sides(plan: Plan) -> set[float]:
    """The sizes of the arms' own images."""
    sizes = {plan.task.facts(plan.study, arm).img_size for arm in plan.arms}
    return {mean_side(size) for size in sizes if size is not None}


# ---- the figure ----


def _series(marks: list[SideMark], names: list[str]) -> list[Series]:
    """A line for each model, in the order of `names`."""
    every = []
    for name in names:
        own = [mark for mark in marks if mark.model == name]
        power = own[-1].exponent if own else math.nan
        note = f"\n∝ side^{power:.2f}" if power == power else ""
        places = tuple(Point(mark.side, mark.value, mark.low, mark.high) for mark in own)
        every.append(Series(name, places, note))
    return every


def _side_axis(axes: Axes, marks: list[SideMark], title: str) -> None:
    sides = sorted({mark.side for mark in marks})
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator([float(side) for side in sides]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
    # Whole numbers are the sides of squares.
    oblong = any(side % 1 for side in sides)
    axes.set_xlabel(f"{title}{', or of a square of its area' * oblong} (px)")


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


def _quality_alt(metric: Metric, marks: list[SideMark]) -> str:
    texts = (
        f"{mark.model} at {mark.side:.0f} px {value_text(mark, metric.digits)}" for mark in marks
    )
    return f"{format.head(metric)} over the side of the test image: {listing(texts, 12)}."
