"""Figure of quality over the levels of a factor that are numbers, as a curve.

Factors with other levels have none: the figure of effects has their arms, and a curve between
names would mean nothing.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from study import format
from study.plan.plan import Plan
from study.report.contents import Report
from study.report.figures.axes import linear, within_percent
from study.report.figures.forest import MEAN, SEED, write_note
from study.report.figures.interval_text import interval_text
from study.report.figures.letters import drawable
from study.report.figures.report_figure import ReportFigure, any_range, frame, listing, value_text
from study.report.figures.series import Point, Series, draw, name_place, panels
from study.report.figures.style import GREY, PALE, SMALL
from study.report.figures.text_fit import width, wrapped
from study.report.table import plain
from study.spec.metric import Metric
from study.spec.study import Factor, file_name
from study.stats import MetricValue, of_arm, of_metric, typed_rows
from study.tasks.arms import PlannedArm

FEWEST = 4  # numbers; three rows of the figure of effects say as much as a curve
WIDE = 20  # ratio of the largest to the smallest number from which the axis is logarithmic


class LevelMark(NamedTuple):
    """A row of the figure's data."""

    level: str
    x: float
    metric: str
    what: str
    value: float
    low: float
    high: float


def levels(report: Report) -> Iterator[ReportFigure]:
    """One figure per factor with four measured numbers or more, in arms that change only it."""
    name = report.plan.tested
    for index, factor in enumerate(report.plan.study.factors if name else ()):
        data = points(report, index, name)
        marks = typed_rows(data, LevelMark)
        if sum(mark.what == MEAN for mark in marks) < FEWEST:
            continue
        (figure, (axes,)) = panels(report, 1)
        _panel(report, axes, marks, factor)
        note = f"● mean, band: {interval_text(report.analysis, name, level=True)}"
        seeds = " · ○ one seed" * any(mark.what == SEED for mark in marks)
        write_note(figure, (note if any_range(marks) else "● mean") + seeds)
        alt = _alt(factor, [m for m in marks if m.what == MEAN], report.plan.catalogue[name])
        yield ReportFigure(f"{file_name(factor.path)}-levels", figure, data, alt)


def numbers(factor: Factor) -> dict[int, float]:
    """The levels by number, if all are different numbers; empty if not."""
    values = [level.value for level in factor.levels]
    # True is an int.
    every = {
        number: float(value)
        for number, value in enumerate(values)
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    return every if len(set(every.values())) == len(values) else {}


def points(report: Report, index: int, name: str) -> pd.DataFrame:
    """One row per seed and per mean, in the order of the numbers; none of an arm that diverged."""
    plan, analysis = report.plan, report.analysis
    factor = plan.study.factors[index]
    places, rows = numbers(factor), list[dict[str, object]]()
    arms = _alone(plan, index) if places else []
    for arm in sorted(arms, key=lambda arm: places[arm.arm.choices[index]]):
        level, digest = arm.arm.choices[index], arm.digest
        mean = analysis.means.get((digest, name))
        if mean is None or mean.mean != mean.mean:
            continue
        keys = {"level": factor.levels[level].label, "x": places[level], "metric": name}
        # Images, not seeds, are the sample of given weights.
        part = of_metric(of_arm(analysis.measurements, digest), name)
        for row in () if analysis.hits.of(name) else typed_rows(part, MetricValue):
            rows.append({**keys, "what": SEED, "seed": row.seed, "value": row.value})
        ends = {"value": mean.mean, "low": mean.low, "high": mean.high}
        rows.append({**keys, "what": MEAN, **ends})
    return frame(rows, plan.catalogue, "level", "x")


def _alone(plan: Plan, factor: int) -> list[PlannedArm]:
    """The arms that change nothing else, which would mix the effects of two factors."""
    return [
        arm for arm in plan.arms if set(arm.arm.changed_factors) <= {factor} and not arm.arm.is_twin
    ]


# ---- the figure ----


def _panel(report: Report, axes: Axes, marks: list[LevelMark], factor: Factor) -> None:
    metric = report.plan.catalogue[marks[0].metric]
    means = [mark for mark in marks if mark.what == MEAN]
    seeds = [mark for mark in marks if mark.what == SEED]
    _baseline(report, axes, [m for m in means if m.level == factor.levels[0].label])
    draw(axes, [Series("", tuple(Point(m.x, m.value, m.low, m.high) for m in means))], bands=True)
    axes.scatter(
        [mark.x for mark in seeds],
        [mark.value for mark in seeds],
        s=9,
        facecolors="white",
        edgecolors=GREY,
        linewidths=0.7,
        zorder=1.5,
    )
    _number_axis(axes, means, 72 * report.style.inches * 0.75)
    axes.set_xlabel(wrapped(factor.title, 72 * report.style.inches - 60), parse_math=False)
    axes.set_ylabel(format.head(metric), parse_math=False)
    within_percent(axes, metric, (mark.value for mark in marks))
    linear(axes.yaxis, 5)


def _number_axis(axes: Axes, means: list[LevelMark], room: float) -> None:
    """Ticks at the levels, unless their labels would meet on the axis, which is `room` wide."""
    places = [mark.x for mark in means]
    if min(places) > 0 and max(places) > WIDE * min(places):
        axes.set_xscale("log")
        axes.minorticks_off()
    low, high = axes.get_xlim()
    transform = axes.get_xaxis().get_transform().transform
    start, end = transform([low, high])
    ticks = [room * (x - start) / (end - start) for x in transform(places)]
    # Tick labels are texts only while they are drawn, too late for other letters.
    names = [drawable(plain(mark.level)) for mark in means]
    wide = [width(name, 7.5) for name in names]
    gaps = zip(pairwise(ticks), pairwise(wide), strict=True)
    if all(b - a > (first + second) / 2 + 4 for (a, b), (first, second) in gaps):
        axes.set_xticks(places, names, parse_math=False)
    elif axes.get_xscale() == "linear":
        linear(axes.xaxis, 5)


def _baseline(report: Report, axes: Axes, base: list[LevelMark]) -> None:
    """Name the baseline on the axis, with the noise floor of the A/A arm as a band around it."""
    for mark in base:
        scale = report.plan.catalogue[mark.metric].scale
        band = report.analysis.noise_range(mark.metric)
        if band is not None:
            low, high = (mark.value + end * scale for end in band)
            axes.axhspan(low, high, color=PALE, zorder=0)
        name = wrapped(report.plan.study.baseline_title, 120, size=SMALL, lines=1)
        name_place(axes, mark.x, name + ", grey: noise floor (A/A)" * bool(band))


# ---- alternative text ----


def _alt(factor: Factor, means: list[LevelMark], metric: Metric) -> str:
    texts = (f"{mark.level} {value_text(mark, metric.digits)}" for mark in means)
    return f"{format.head(metric)} over {plain(factor.title)}: {listing(texts, 12)}."
