"""Letters that no font has."""

from dataclasses import replace

import pandas as pd
import pytest
from matplotlib import rcParams
from matplotlib.text import Text

from study.report import figures, report
from study.report.figures.letters import _letters, drawable, with_drawn_labels
from study.report.figures.style_sheets import styled
from study.spec.metric import Catalogue
from tests.catalogue import METRICS
from tests.report.conftest import laboratory

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


@pytest.mark.heavy
def test_no_title_unit_or_note_is_a_box(tmp_path):
    levels = {"平均池化": 1, "最大": 2, "均匀": 3, "步长": 4}
    lab = laboratory(tmp_path)
    metric = replace(METRICS["top1"], label="准确率", unit="分")
    plan_and_store = lab(
        {"model.a": levels, "model.b": ["深度可分离", "平均"]},
        seeds=2,
        catalogue=Catalogue({**METRICS, "top1": metric}),
        baseline_title="基线",
        top1={name: [0.5, 0.6] for name in ("baseline", *levels, "平均")},
    )
    drawn = figures.all_figures(report.report(*plan_and_store))
    assert {"effects", "model.a-levels"} <= {figure.name for figure in drawn}
    with styled():
        known = _letters(tuple(rcParams["font.family"]))
        for figure in drawn:
            figure.figure.draw_without_rendering()
            texts = [text.get_text() for text in figure.figure.findobj(Text)]
            assert not {c for c in "".join(texts) if ord(c) not in known and c != "\n"}, texts
    effects = next(figure.figure for figure in drawn if figure.name == "effects")
    texts = [text.get_text() for text in effects.findobj(Text)]
    assert "baseline: [U+6DF1 U+5EA6 U+53EF U+5206 U+79BB]" in texts
