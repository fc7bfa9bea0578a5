"""Figure of published quality against measured cost, for a study that measures no quality."""

from collections.abc import Iterator, Mapping

import pandas as pd

from study import format
from study.analysis.fronts import BEHIND, FRONT, TIED, no_dearer, on_front
from study.analysis.quantities import HasRange
from study.plan.comparisons import named_arms
from study.report.contents import Report
from study.report.figures.axes import spread
from study.report.figures.front_panels import ArmMark, panels
from study.report.figures.pareto import MOST_PANELS, VARIES, costs_of
from study.report.figures.report_figure import ReportFigure, arm_name, listing, numbered
from study.report.figures.row_layout import chunks
from study.spec.metric import Metric
from study.spec.study import PublishedNumber

MEANINGS = {FRONT: "on the front", TIED: "not distinguishable in cost", BEHIND: "behind"}
"""Nothing is known of the spread of published numbers: they are compared as they are printed."""


def published_quality(report: Report) -> Iterator[ReportFigure]:
    """A panel per cost or speed that differs, of the first quality that is published alone."""
    catalogue = report.plan.catalogue
    measured = {metric for _, metric in report.analysis.estimates}
    unmeasured = (name for name in report.analysis.of_kind("quality") if name not in measured)
    quality = next(unmeasured, None)
    if quality is None:
        return
    numbers = _numbers(report, quality)
    columns = [name for name in report.analysis.metrics if catalogue[name].kind != "quality"]
    parts = [_marks(report, quality, cost, numbers) for cost in columns]
    # One arm alone compares nothing.
    drawn = [part for part in parts if len(part) > 1 and spread(m.cost for m in part) > VARIES]
    for number, several in enumerate(chunks(drawn, MOST_PANELS)):
        figure = panels(report, several, f"Published {format.head(catalogue[quality])}", MEANINGS)
        data = pd.DataFrame([mark for part in several for mark in part])
        alt = [_alt(part, format.name(catalogue[part[0].against])) for part in several]
        head = f"Published {format.head(catalogue[quality])} against measured costs."
        text = " ".join([head, *alt])
        yield ReportFigure(numbered("published-quality", number), figure, data, text)


def _alt(marks: list[ArmMark], cost: str) -> str:
    front = listing(mark.label for mark in marks if mark.what == FRONT)
    return f"{cost}, {len(marks)} arms; on the front: {front}."


def _numbers(report: Report, quality: str) -> dict[str, PublishedNumber]:
    """The published numbers of a quality by arm."""
    arms, published = named_arms(report.plan), report.plan.study.published
    return {
        arms[label].digest: numbers[quality]
        for label, numbers in published.items()
        if quality in numbers and label in arms
    }


def _marks(
    report: Report, quality: str, cost: str, numbers: dict[str, PublishedNumber]
) -> list[ArmMark]:
    """The arms that have a published quality and a measured cost, in the order of the table."""
    catalogue, nan = report.plan.catalogue, float("nan")
    unit, costs = costs_of(report, cost, numbers)
    words = _standings(costs, numbers, (catalogue[cost], catalogue[quality]))
    named = {arm.digest: arm_name(report.plan, arm) for arm in report.plan.arms}
    return [
        ArmMark(
            label=named[arm],
            arm=arm,
            metric=quality,
            against=cost,
            unit=unit,
            cost=row.value,
            cost_low=row.low,
            cost_high=row.high,
            what=words[arm],
            value=numbers[arm].value,
            low=nan,
            high=nan,
        )
        for arm, row in costs.items()
    ]


def _standings(
    costs: Mapping[str, HasRange],
    numbers: Mapping[str, PublishedNumber],
    metrics: tuple[Metric, Metric],
) -> dict[str, str]:
    """The standing of every arm by its measured cost and its published quality.

    An arm is on the front if it is so for all costs within their ranges, and behind likewise.
    """
    cost, quality = metrics
    sign = 1 if quality.better == "higher" else -1
    points = [(row.value, numbers[arm].value) for arm, row in costs.items()]
    words = dict[str, str]()
    for arm, first in zip(costs, on_front(points, cost, quality), strict=True):
        ahead = {
            other: sign * (numbers[other].value - numbers[arm].value)
            for other in costs
            if other != arm
        }
        sure = all(no_dearer(costs[arm], costs[o], cost) for o, by in ahead.items() if by >= 0)
        behind = any(no_dearer(costs[o], costs[arm], cost) for o, by in ahead.items() if by > 0)
        words[arm] = FRONT if first and sure else BEHIND if behind else TIED
    return words
