"""Figure of the effects of factors in a fraction, aliased ones as the sums that they are."""

from collections.abc import Iterator

import pandas as pd

from study.report.contents import Report
from study.report.figures.forest import MEAN, ForestPlot, figures
from study.report.figures.report_figure import ReportFigure, frame
from study.report.figures.row_layout import Line
from study.spec.arm_names import sum_name

BLOCKS = {1: "Main effects", 2: "Interactions"}


def factors(report: Report) -> Iterator[ReportFigure]:
    """One row per effect or sum of aliased effects, one panel per quality.

    None for studies without aliased effects: those of all combinations are in `interactions`.
    """
    if not any(row.aliases for row in report.analysis.factorial):
        return
    data = points(report)
    intro = "Effects of factors; a sum is aliased effects, which these arms cannot separate."
    names = report.analysis.of_kind("quality")
    yield from figures(report, ForestPlot("factors", _lines(data), data, "effect", names, intro))


def points(report: Report) -> pd.DataFrame:
    """One row per effect, in the block of the first of the aliased ones."""
    study = report.plan.study
    records = [
        {
            "block": BLOCKS[len(row.term)],
            "effect": (name := sum_name(study, [(row.term, 1.0), *row.aliases])),
            "label": name,
            "metric": row.metric,
            "what": MEAN,
            "n": row.n,
            "value": row.mean,
            "low": row.low,
            "high": row.high,
        }
        for row in report.analysis.factorial
    ]
    data = frame(records, report.plan.catalogue, "block", "effect", "label", "n")
    return data.drop(columns="seed")


def _lines(data: pd.DataFrame) -> list[Line]:
    lines = []
    for block, part in data.groupby("block", sort=False):
        # The name of a sum is its own: two sums have different first terms.
        names = part["effect"].drop_duplicates()
        lines += [Line(str(block), None), *(Line(name, name) for name in names)]
    return lines
