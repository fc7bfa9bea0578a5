"""Width and fonts of figures."""

import matplotlib as mpl
import pytest

from study.errors import StudyError
from study.report import figures, report
from study.report.figure_style import FONTS, FigureStyle, figure_style
from study.report.figures import text_fit
from study.report.figures.style_sheets import styled
from tests.report.conftest import laboratory
from tests.report.scenes import SCENES


def test_a_missing_style_is_an_error_that_names_the_likely_one():
    with pytest.raises(StudyError, match='did you mean "serif"'):
        figure_style("text", "serfi")
    with pytest.raises(StudyError, match='did you mean "column"'):
        figure_style("colum", "sans")
    with pytest.raises(StudyError, match="no file"):
        figure_style("text", "here/paper.mplstyle")


def test_a_style_of_matplotlib_is_a_style():
    assert figure_style("column", "ggplot") == FigureStyle("column", "ggplot")


def test_a_style_sheet_changes_colours_and_fonts_but_no_size_of_type(tmp_path):
    sheet = tmp_path / "paper.mplstyle"
    sheet.write_text(
        "font.family: serif\nfont.serif: STIXGeneral\nfont.size: 20\ngrid.color: red\n"
    )
    with styled(figure_style("text", str(sheet))):
        assert mpl.rcParams["font.family"][0] == "STIXGeneral"
        assert mpl.rcParams["font.size"] == 8
        assert mpl.rcParams["grid.color"] == "red"


def test_a_style_sheet_whose_fonts_are_not_installed_is_refused(tmp_path):
    sheet = tmp_path / "paper.mplstyle"
    sheet.write_text("font.family: No Such Font\n")
    with pytest.raises(StudyError, match="No Such Font"), styled(figure_style("text", str(sheet))):
        pass


def test_text_is_measured_in_the_font_of_the_style():
    with styled(FigureStyle(fonts="sans")):
        wide = text_fit.width("Average Pooling", 8)
    with styled(FigureStyle(fonts="serif")):
        assert text_fit.width("Average Pooling", 8) < wide


@pytest.mark.heavy
@pytest.mark.parametrize("fonts", FONTS)
def test_a_saved_figure_has_the_fonts_of_its_style(tmp_path, fonts):
    drawn = report.report(*SCENES["path"](laboratory(tmp_path)), FigureStyle("column", fonts))
    figure = next(figure for figure in figures.all_figures(drawn) if figure.name == "roadmap")
    name = {"sans": b"DejaVuSans", "serif": b"STIXGeneral"}[fonts]
    assert name in figures.files(figure)["roadmap.pdf"]
