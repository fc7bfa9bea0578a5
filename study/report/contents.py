"""The contents of a report, before they become files."""

from dataclasses import dataclass

from study.analysis.analysis import Analysis
from study.plan.plan import Plan
from study.report.figure_style import DEFAULT, FigureStyle
from study.report.table import Table


@dataclass(frozen=True)
class Report:
    """Everything a report shows, from the results stored so far."""

    analysis: Analysis
    tables: dict[str, Table]
    """Tables by file name: table, table_wide, supplement, verdicts, claims, contrasts ..."""
    answer: str
    """The answer of the study in a sentence or two."""
    style: FigureStyle = DEFAULT
    """Width and fonts of its figures."""

    @property
    def plan(self) -> Plan:
        return self.analysis.plan
