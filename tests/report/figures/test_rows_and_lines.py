"""Figures of rows and of lines at both widths and in both fonts."""

from dataclasses import replace

import pytest

from study.report.figure_style import FigureStyle
from study.report.figures import FIGURES
from study.report.figures.style_sheets import styled
from tests.report.figures.test_figures import tick_labels

OURS = ("effects", "factors", "levels", "interactions", "roadmap", "resolution")
STYLES = [FigureStyle("column", "sans"), FigureStyle("column", "serif"), FigureStyle("text")]
SHOWN = ["emsa", "mixed", "numbers", "three factors", "fraction", "path", "resolution", "wide"]


@pytest.mark.heavy
@pytest.mark.parametrize("scene", [*SHOWN, "weird", "weird factorial"])
@pytest.mark.parametrize("style", STYLES, ids=str)
def test_no_text_leaves_a_figure_of_any_width(shown, scene, style):
    report = replace(shown(scene)[0], style=style)
    with styled(style):
        for figure in (figure for name in OURS for figure in FIGURES[name](report)):
            drawn = figure.figure
            assert drawn.get_figwidth() == style.inches
            drawn.draw_without_rendering()
            page = drawn.bbox
            for text in texts(drawn):
                box, where = text.get_window_extent(), (figure.name, text.get_text())
                assert box.x0 > -2, where
                assert box.x1 < page.x1 + 2, where
                assert box.y0 > -2, where
                assert box.y1 < page.y1 + 2, where


def texts(figure):
    """The texts that are drawn: not those of ticks beyond the limits of an axis."""
    every = [figure._supxlabel]
    for axes in figure.axes:
        if axes.get_visible():
            every += [*axes.texts, axes.xaxis.label, axes.yaxis.label, axes.title]
            every += [label for axis in (axes.xaxis, axes.yaxis) for label in tick_labels(axis)]
    return [text for text in every if text is not None and text.get_text()]
