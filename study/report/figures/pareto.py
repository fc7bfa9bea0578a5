"""Figure of quality against the costs that differ, with a Pareto front in each panel."""

from collections.abc import Iterable, Iterator, Mapping

import pandas as pd

from study import format, stats
from study.analysis.fronts import BEHIND, FRONT, TIED
from study.analysis.quantities import HasRange
from study.report.contents import Report
from study.report.figures.axes import spread
from study.report.figures.front_panels import TIMES, ArmMark, cost_text, panels
from study.report.figures.report_figure import ReportFigure, arm_name, frame, listing, numbered
from study.report.figures.row_layout import chunks
from study.spec.metric import Catalogue

VARIES = 1.02  # largest cost over smallest from which a cost has a panel
MOST_PANELS = 6  # of one figure
BARRED = 40  # arms up to which intervals are drawn: more would hide the points
BARS = ("low", "high", "cost_low", "cost_high")
# These words are stored in the figure's data, where analysis scripts of users may rely on them.
MEANINGS = {
    FRONT: "on the front",
    TIED: "not distinguishable",
    BEHIND: "behind",
}
"""Standings as the legend and the alternative text name them."""


def pareto(report: Report) -> Iterator[ReportFigure]:
    """A panel per column that is a cost or a speed and differs by more than 2 % between arms."""
    quality, catalogue = report.plan.tested, report.plan.catalogue
    if not quality:
        return
    columns = [name for name in report.analysis.metrics if catalogue[name].kind != "quality"]
    frames = {name: points(report, quality, name) for name in columns}
    every = {name: stats.typed_rows(data, ArmMark) for name, data in frames.items()}
    drawn = [name for name, marks in every.items() if spread(m.cost for m in marks) > VARIES]
    for number, names in enumerate(chunks(drawn, MOST_PANELS)):
        data = pd.concat([frames[name] for name in names], ignore_index=True)
        # One row per arm and panel; the first panel has as many arms as any other.
        if len(frames[names[0]]) > BARRED:
            data = data.assign(**dict.fromkeys(BARS, float("nan")))
        marks = stats.typed_rows(data, ArmMark)
        parts = [[mark for mark in marks if mark.against == name] for name in names]
        figure = panels(report, parts, format.head(catalogue[quality]), MEANINGS)
        alt = _alt(data, catalogue, quality)
        yield ReportFigure(numbered("pareto", number), figure, data, alt)


# ---- data ----


def points(report: Report, quality: str, cost: str) -> pd.DataFrame:
    """One row per arm that has both metrics; `what` is its standing (see `analysis.fronts`).

    A speed that a session measured against the baseline is its ratio, with the ratio's interval.
    """
    analysis, rows = report.analysis, list[dict[str, object]]()
    standings = analysis.standings(quality, cost)
    unit, costs = costs_of(report, cost, standings)
    for arm in report.plan.arms:
        if arm.digest not in costs:
            continue
        own, mean = costs[arm.digest], analysis.means[arm.digest, quality]
        rows.append(
            {
                "label": arm_name(report.plan, arm),
                "arm": arm.digest,
                "metric": quality,
                "value": mean.mean,
                "low": mean.low,
                "high": mean.high,
                "against": cost,
                "unit": unit,
                "cost": own.value,
                "cost_low": own.low,
                "cost_high": own.high,
                "what": standings[arm.digest],
            }
        )
    keys = ("label", "arm", "against", "unit", "cost", "cost_low", "cost_high")
    data = frame(rows, analysis.catalogue, *keys).astype(dict.fromkeys(keys[4:], float))
    return data.drop(columns="seed")


def costs_of(report: Report, cost: str, arms: Iterable[str]) -> tuple[str, Mapping[str, HasRange]]:
    """The unit of a cost or speed as it is drawn, and its value and ends by arm.

    A speed that a session measured against the baseline is its ratio.
    """
    analysis, ratios = report.analysis, report.analysis.ratios.of(cost)
    if ratios:
        return TIMES, {arm: HasRange(*ratios[arm]) for arm in arms if arm in ratios}
    rows = {arm: analysis.estimates[arm, cost] for arm in arms if (arm, cost) in analysis.estimates}
    metric = format.suited(analysis.catalogue[cost], [row.mean for row in rows.values()])
    return metric.unit, {
        arm: HasRange(*(metric.scale * end for end in (row.mean, row.low, row.high)))
        for arm, row in rows.items()
    }


# ---- alternative text ----


def _alt(data: pd.DataFrame, catalogue: Catalogue, quality: str) -> str:
    metric, sentences = catalogue[quality], []
    for name, panel in data.groupby("against", sort=False):
        marks = stats.typed_rows(panel, ArmMark)
        cost = catalogue[str(name)]
        sentences.append(f"{format.head(metric)} against {format.name(cost)} of {len(marks)} arms.")
        for what, meaning in MEANINGS.items():
            own = sorted((m for m in marks if m.what == what), key=lambda mark: mark.cost)
            texts = [
                f"{mark.label} {format.number(mark.value, metric.digits)} at {cost_text(mark)}"
                for mark in own
            ]
            sentences += [f"{meaning.capitalize()}: {listing(texts)}."] * bool(texts)
    return " ".join(sentences)
