"""Letters that no font has."""

import pandas as pd
import pytest
from matplotlib import rcParams
from matplotlib.text import Text

from study.report.figures.letters import _letters, drawable, with_drawn_labels
from study.report.figures.style_sheets import styled

OWN = ["DejaVu Sans"]  # the font that comes with matplotlib


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("Δ ± é × − 0.5", "Δ ± é × − 0.5"),
        ("fast 🚀", "fast [rocket]"),
        ("注意 1", "[U+6CE8 U+610F] 1"),
        ("ＡＢ", "[A B]"),
    ],
)
def test_a_letter_without_a_glyph_is_written_in_ascii(text, drawn):
    with styled():
        rcParams["font.family"] = OWN
        assert drawable(text) == drawn


def test_data_have_labels_as_in_the_study_file_and_as_drawn():
    data = pd.DataFrame({"label": ["注意", "a"], "value": [1.0, 2.0], "arm": ["0", None]})
    with styled():
        rcParams["font.family"] = OWN
        both = with_drawn_labels(data)
    assert list(both["label"]) == ["注意", "a"]
    assert list(both["label as drawn"]) == ["[U+6CE8 U+610F]", "a"]
    assert set(both) - set(data) == {"label as drawn"}


@pytest.mark.parametrize("scene", ["weird", "weird factorial"])
def test_no_text_of_a_figure_is_a_box(shown, scene):
    with styled():
        known = _letters(tuple(rcParams["font.family"]))
    for figure in shown(scene)[1].values():
        for text in figure.figure.findobj(Text):
            letters = {letter for letter in text.get_text() if letter not in "\n"}
            boxes = {letter for letter in letters if ord(letter) not in known}
            assert not boxes, (figure.name, text.get_text())
