"""All interactive charts of the page, in the order in which it shows them."""

from dataclasses import replace

from study.report.contents import Report
from study.report.page.chart import Chart
from study.report.page.forest import effects
from study.report.page.learning_curves import curves
from study.report.page.trade_offs import trade_offs


def charts(report: Report, study: str) -> list[Chart]:
    """All charts that the report has data for; `study` is the prefix of their names."""
    parts = [*effects(report), *trade_offs(report), *curves(report)]
    return [replace(chart, name=f"{study}-{chart.name}") for chart in parts]
