"""Charts of the page of quality against cost, with the Pareto front as the figure has it."""

import math
from collections.abc import Iterator

import pandas as pd

from study import format, stats
from study.analysis.fronts import FRONT
from study.report.contents import Report
from study.report.figures.front_panels import (
    TIMES,
    ArmMark,
    cost_head,
    cost_text,
    front_corners,
)
from study.report.figures.interval_text import interval_text
from study.report.figures.pareto import MEANINGS
from study.report.figures.report_figure import value_text
from study.report.page.chart import Chart, PlacedArm, Sign, Stretch, TradeOff
from study.report.page.labels import LabelledPoint, labels
from study.report.page.scale import Scale
from study.spec.metric import Metric

HEIGHT = 280  # pixels
RATIO_INTERVAL = "95 % interval of the ratio"
THOUSAND = 10  # from per cent to thousandths


def trade_offs(report: Report, data: pd.DataFrame, alt: str) -> Iterator[Chart]:
    """One chart per pair of a quality and a cost."""
    for (against, name), part in data.groupby(["against", "metric"], sort=False):
        marks = stats.typed_rows(part, ArmMark)
        yield _chart(report, marks, (str(against), str(name)), alt)


def _chart(report: Report, marks: list[ArmMark], names: tuple[str, str], alt: str) -> Chart:
    cost, quality = (report.plan.catalogue[name] for name in names)
    ends = [end for m in marks for end in (m.cost, m.cost_low, m.cost_high)]
    ratio = marks[0].unit == TIMES
    xs = Scale.of_cost(ends, 0.12, ratio=ratio)
    ends = [end for m in marks for end in (m.value, m.low, m.high)]
    ys = Scale.around(ends, 0.06).within_percent(quality)
    arms = _arms(marks, (xs, ys), quality, report.plan.baseline.digest)
    # Said below the chart: a reader would look for an arm that the table has.
    nameless = sum(arm.label is None for arm in arms)
    return TradeOff(
        f"{format.name(quality)} against {format.name(cost)}",
        alt,
        list(_legend(report, marks, names[1])),
        across=cost_head(cost, marks[0].unit),
        up=format.head(quality),
        x_ticks=xs.ticks(4),
        y_ticks=ys.ticks(5),
        baseline=xs.at(1.0) if ratio else None,
        front=" ".join(
            f"{THOUSAND * xs.at(x):.0f},{THOUSAND * (100 - ys.at(y)):.0f}"
            for x, y in front_corners(marks, cost)
        ),
        arms=arms,
        height=HEIGHT,
        note=f"{format.many(nameless, 'arm')} without room for a label." if nameless else "",
    )


def _arms(
    marks: list[ArmMark], scales: tuple[Scale, Scale], quality: Metric, base: str
) -> list[PlacedArm]:
    """The arms in their places; `base` is the baseline's digest."""
    xs, ys = scales
    points = [
        LabelledPoint(
            m.label,
            xs.at(m.cost),
            ys.at(m.value),
            _stretch(xs, m.cost_low, m.cost_high),
            _stretch(ys, m.low, m.high),
        )
        for m in marks
    ]
    # The baseline and the front are labelled first: it is they that a reader looks for.
    order = sorted(range(len(marks)), key=lambda i: (marks[i].arm != base, marks[i].what != FRONT))
    texts = labels(points, order, HEIGHT)
    return [
        PlacedArm(
            x=point.x,
            y=round(100 - point.y, 2),
            sign=mark.what.replace(" ", "-"),
            tip=_tip(mark, quality),
            baseline=mark.arm == base,
            label=label,
            across=point.across,
            up=point.up,
        )
        for point, mark, label in zip(points, marks, texts, strict=True)
    ]


def _stretch(scale: Scale, low: float, high: float) -> Stretch | None:
    """The places of two ends, or None if there are none."""
    return Stretch(scale.at(low), scale.at(high)) if math.isfinite(low) else None


def _legend(report: Report, marks: list[ArmMark], quality: str) -> Iterator[Sign]:
    standings = {mark.what for mark in marks}
    for what, meaning in MEANINGS.items():
        if what in standings:
            yield Sign(what.replace(" ", "-"), meaning)
    if any(math.isfinite(mark.low) for mark in marks):
        # Bars of arms have the colours of their signs; the legend has one for all.
        yield Sign("bar", interval_text(report.analysis, quality))
    if any(math.isfinite(mark.cost_low) for mark in marks):
        ratio = marks[0].unit == TIMES
        yield Sign("across", RATIO_INTERVAL if ratio else "lowest to highest round")


def _tip(mark: ArmMark, quality: Metric) -> str:
    value = f"{value_text(mark, quality.digits)} {quality.unit}".rstrip()
    return f"{mark.label}: {value} at {cost_text(mark)}"
