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


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("grid.color: red\nfont.size: abc\n", "line 2: bad value .*font.size: abc"),
        ("root:x:0:0:root:/root:/bin/bash\n", "line 1: bad key root"),
        ("some prose\n", "line 1: missing colon"),
        ("font.size: 8\nfont.size: 9\n", "line 2: duplicate key"),
        (b"\xff\xfe\x00", "is text, and this file is not"),
    ],
)
def test_a_file_that_is_no_style_sheet_is_refused_with_its_line(tmp_path, capfd, text, fault):
    sheet = tmp_path / "paper.mplstyle"
    sheet.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(StudyError, match=fault) as error:
        figure_style("text", str(sheet))
    assert str(sheet) in str(error.value)
    # Matplotlib's own words about the line are not printed as well.
    assert capfd.readouterr().err == ""


def test_a_style_sheet_cannot_hand_labels_to_latex(tmp_path):
    sheet = tmp_path / "paper.mplstyle"
    sheet.write_text("text.usetex: True\n")
    with styled(figure_style("text", str(sheet))):
        assert not mpl.rcParams["text.usetex"]


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
