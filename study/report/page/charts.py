"""The charts of the page, drawn from the numbers of the printed figures.

Contract of an entry of `CHARTS`: chart(report, data, alt) -> charts, where `data` is the frame of
all figures of that kind and `alt` their alternative text.
"""

from collections.abc import Callable, Iterator, Sequence

import pandas as pd

from study.report.contents import Report
from study.report.figures import ReportFigure
from study.report.page.chart import Chart
from study.report.page.forest import forests
from study.report.page.learning_curves import curves
from study.report.page.trade_offs import trade_offs

ChartMaker = Callable[[Report, pd.DataFrame, str], Iterator[Chart]]


def charts(report: Report, kind: str, figures: Sequence[ReportFigure]) -> list[Chart]:
    """The charts of one kind of figure: several sheets of it become one chart."""
    # The baseline and the noise floor are on every sheet.
    data = pd.concat([figure.data for figure in figures]).drop_duplicates(ignore_index=True)
    alt = " ".join(figure.alt for figure in figures[:1])
    return list(CHARTS[kind](report, data, alt))


CHARTS: dict[str, ChartMaker] = {
    "effects": forests,
    "pareto": trade_offs,
    "curves": curves,
}
"""By kind of figure; other kinds are shown as they are printed."""
