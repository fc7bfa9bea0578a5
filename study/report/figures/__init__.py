"""Figures of a study: vector files for a paper, the drawn data beside them.

Contract: figure(report) -> as many as there are data for, which may be none.
"""

from collections.abc import Callable, Iterator

from study.report.contents import Report
from study.report.figures.effects import effects
from study.report.figures.levels import levels
from study.report.figures.made import Drawn, files, styled, svg

__all__ = ["FIGURES", "Drawn", "drawn", "files", "svg"]


def drawn(report: Report) -> list[Drawn]:
    """Every figure that the report has the data for."""
    with styled():
        return [one for figure in FIGURES.values() for one in figure(report)]


FIGURES: dict[str, Callable[[Report], Iterator[Drawn]]] = {
    "levels": levels,
    "effects": effects,
}
