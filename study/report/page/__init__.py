"""The HTML page of one study or several: a single file that fetches nothing.

With the extra `report` its charts are interactive (plotly) and its list of trials is searchable
(itables); without it the page has the printed figures. All text of a study is escaped, because
labels are data.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, select_autoescape
from markupsafe import Markup

from study import __version__
from study.report.contents import Report
from study.report.figures import ReportFigure, all_figures, svg
from study.report.formats import html
from study.report.formats.latex_macros import slug
from study.report.page.chart import Chart
from study.report.page.charts import charts
from study.report.page.citation import citation
from study.report.page.scripts import plotly, search_scripts, searchable_table
from study.report.page.trials import TrialColumn, columns

HERE = Path(__file__).parent
EXTRA = ("plotly", "itables")  # packages of the extra `report`


@dataclass(frozen=True)
class Section:
    """One study of the page."""

    name: str
    """Prefix of the ids of its elements."""
    report: Report
    tables: Mapping[str, Markup]
    charts: Sequence[Chart]
    figures: Sequence[tuple[ReportFigure, Markup]]
    trials: Markup | None
    """The searchable list of trials, or None without the extra `report`."""
    columns: Sequence[TrialColumn]
    yaml: str
    """Text of the study file."""
    cite: str
    """BibTeX entry."""

    @property
    def done(self) -> int:
        plan = self.report.plan
        return len(plan.trials) - len(plan.missing)


def page(reports: Sequence[Report], *, plain: bool = False) -> str:
    """The text of the page; `plain` makes the page that is made without the extra `report`."""
    # `find_spec` looks for the packages without importing them.
    rich = not plain and all(find_spec(name) for name in EXTRA)
    sections = [_section(report, rich) for report in reports]
    environment = Environment(
        loader=FileSystemLoader(HERE),
        # By default jinja2 escapes nothing at all.
        autoescape=select_autoescape(default=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # plotly.js is several megabytes, so it is included only if a chart needs it.
    charted = rich and any(section.charts for section in sections)
    return environment.get_template("page.html").render(
        sections=sections,
        rich=rich,
        plotly=Markup(plotly()) if charted else "",
        searching=Markup(search_scripts())
        if rich and any(section.trials for section in sections)
        else "",
        style=Markup((HERE / "page.css").read_text("utf-8")),
        script=Markup((HERE / "page.js").read_text("utf-8")),
        charts=script_json(
            {chart.name: chart.spec for section in sections for chart in section.charts}
        ),
        version=__version__,
    )


def _section(report: Report, rich: bool) -> Section:
    plan, name = report.plan, slug(report.plan.study.title)
    rows = columns(report)
    return Section(
        name=name,
        report=report,
        tables={key: Markup(html(table)) for key, table in report.tables.items()},
        charts=charts(report, name) if rich else (),
        figures=[(figure, _image(figure)) for figure in all_figures(report)],
        trials=Markup(searchable_table(rows, f"{name}-trials")) if rich and plan.trials else None,
        columns=rows,
        yaml=report.plan.study.text,
        cite=citation(plan.study),
    )


def _image(drawing: ReportFigure) -> Markup:
    """An `img` element: ids and styles of an inline SVG would clash with those of other figures."""
    data = base64.b64encode(svg(drawing).encode()).decode()
    # HTML counts 96 pixels per inch.
    width, height = (round(96 * inches) for inches in drawing.figure.get_size_inches())
    return Markup(
        '<img src="data:image/svg+xml;base64,{}" width="{}" height="{}" alt="{}">'
    ).format(data, width, height, drawing.alt)


def script_json(value: object) -> Markup:
    """JSON without characters that HTML would read as a tag."""
    # NaN is no JSON: a browser would refuse all charts of the page for it.
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # U+2028 and U+2029 end a line in JavaScript before ES2019, even inside a string.
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Markup(text)
