"""Figures of a study: vector files for a paper, with the drawn data beside them.

Contract of an entry of `FIGURES`: figure(report) -> the figures that the report has data for,
which may be none.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from study.report.contents import Report
from study.report.figure_style import FigureStyle
from study.report.figures.axes import readable_ticks
from study.report.figures.contact_sheets import contact_sheets
from study.report.figures.cost import cost
from study.report.figures.cumulative import roadmap
from study.report.figures.curves import curves
from study.report.figures.effects import effects
from study.report.figures.factors import factors
from study.report.figures.interactions import interactions
from study.report.figures.letters import with_drawn_labels, write_drawable
from study.report.figures.levels import levels
from study.report.figures.pareto import pareto
from study.report.figures.published import published
from study.report.figures.report_figure import ReportFigure, files, svg
from study.report.figures.resolution import resolution
from study.report.figures.search import search
from study.report.figures.speed import speed
from study.report.figures.style_sheets import styled
from study.report.figures.tuning import tuning
from study.report.text import imported

__all__ = ["FIGURES", "ReportFigure", "all_figures", "figures_by_kind", "files", "svg"]


def all_figures(report: Report) -> list[ReportFigure]:
    """Every figure that the report has data for, in its style."""
    return [figure for figures in figures_by_kind(report).values() for figure in figures]


def figures_by_kind(report: Report) -> dict[str, list[ReportFigure]]:
    """The same by the key of `FIGURES`; kinds without data have an empty list."""
    origin = imported.origin(report.analysis)
    with styled(report.style):
        return {
            kind: [_finished(drawn, report.style, origin) for drawn in draw(report)]
            for kind, draw in FIGURES.items()
        }


def _finished(drawn: ReportFigure, style: FigureStyle, origin: str) -> ReportFigure:
    """The figure in its style; its data have the labels of the study file, and as drawn.

    Its alternative text ends with `origin`, which says what was imported.
    """
    # Titles, units and notes are a user's words as well as labels.
    write_drawable(drawn.figure)
    readable_ticks(drawn.figure)
    alt = f"{drawn.alt} {origin}".rstrip()
    return replace(drawn, style=style, data=with_drawn_labels(drawn.data), alt=alt)


FIGURES: dict[str, Callable[[Report], Iterator[ReportFigure]]] = {
    "levels": levels,
    "effects": effects,
    "pareto": pareto,
    "speed": speed,
    "cost": cost,
    "curves": curves,
    "resolution": resolution,
    "published": published,
    "interactions": interactions,
    "factors": factors,
    "roadmap": roadmap,
    "tuning": tuning,
    "search": search,
    "contact_sheets": contact_sheets,
}
