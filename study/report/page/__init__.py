"""The HTML page of one study or several: a single file that fetches nothing.

All text of a study is escaped, because labels are data.
"""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from study import __version__
from study.report.contents import Report
from study.report.figure_style import FigureStyle
from study.report.figures import ReportFigure, figures_by_kind
from study.report.formats import html
from study.report.formats.latex_macros import slug
from study.report.page.arm_tables import quality_first
from study.report.page.chart import Chart
from study.report.page.charts import CHARTS, charts
from study.report.page.citation import citation
from study.report.page.pictures import NONE, Pictures, pictures
from study.report.page.trials import TrialColumn, columns
from study.report.table import Table

HERE = Path(__file__).parent
MOST_BYTES = 999_000  # of a page, per study
MOST_TRIALS = 1000  # rows of the list of trials; `measurements.csv` has all
FOLDED = {
    "table_wide": "The table with changes and intervals",
    "supplement": "Seeds, intervals and tests",
}
"""Headings of the tables that repeat the rows of the first one; a screen opens them on request."""


@dataclass(frozen=True)
class Section:
    """One study of the page."""

    name: str
    """Prefix of the ids of its elements."""
    report: Report
    tables: Mapping[str, Markup]
    charts: Sequence[Chart]
    figures: Sequence[tuple[str, ReportFigure]]
    """Printed figures that no chart stands for, each with its kind."""
    columns: Sequence[TrialColumn]
    yaml: str
    """Text of the study file."""
    cite: str
    """BibTeX entry."""
    pictures: Pictures = NONE
    """The figures for which the page has room."""

    @property
    def done(self) -> int:
        plan = self.report.plan
        return len(plan.trials) - len(plan.missing)

    @property
    def command(self) -> str:
        """The command line that runs the study; "" for a study that is no file."""
        study = self.report.plan.study
        return shlex.join(["study", "run", *study.command_arguments]) if study.is_file else ""

    @property
    def listed(self) -> int:
        """How many trials are in the list."""
        return min(len(self.report.plan.trials), MOST_TRIALS)


def page(reports: Sequence[Report]) -> str:
    """The text of the page, of at most `MOST_BYTES` for each study."""
    sections = [_section(report) for report in reports]
    # Pictures have the room that text and charts leave.
    room = MOST_BYTES - len(_rendered(sections).encode()) // len(sections)
    return _rendered([replace(s, pictures=pictures(s.figures, room)) for s in sections])


def _rendered(sections: Sequence[Section]) -> str:
    environment = Environment(
        loader=FileSystemLoader(HERE),
        # By default jinja2 escapes nothing at all.
        autoescape=select_autoescape(default=True),
        trim_blocks=True,
        lstrip_blocks=True,
        # By default the template would print nothing for a name that does not exist.
        undefined=StrictUndefined,
    )
    return environment.get_template("page.html").render(
        sections=sections,
        style=Markup((HERE / "page.css").read_text("utf-8")),
        script=Markup((HERE / "page.js").read_text("utf-8")),
        folded=FOLDED,
        version=__version__,
    )


def _section(report: Report) -> Section:
    # Half as wide as a sheet of paper, and as wide as a telephone; fonts are those of the report.
    kinds = figures_by_kind(replace(report, style=FigureStyle("column", report.style.fonts)))
    return Section(
        name=slug(report.plan.study.title),
        report=report,
        tables={key: Markup(html(table)) for key, table in _tables(report)},
        charts=[
            chart
            for kind in CHARTS
            if kinds.get(kind)
            for chart in charts(report, kind, kinds[kind])
        ],
        figures=[(kind, f) for kind in kinds if kind not in CHARTS for f in kinds[kind]],
        # As text: a table of objects would have to know how each is printed.
        columns=columns(report),
        yaml=report.plan.study.text,
        cite=citation(report.plan.study),
    )


def _tables(report: Report) -> Iterator[tuple[str, Table]]:
    """The tables as the page has them, by name."""
    for key, table in report.tables.items():
        arms = key in ("table", "table_wide")
        yield key, quality_first(table, report.plan.catalogue) if arms else table
