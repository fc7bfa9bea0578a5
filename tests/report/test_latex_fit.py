"""LaTeX tables fit into columns and onto pages, and every number has a key."""

import re

import pytest

from study.report.formats import numbers
from study.report.formats.latex_text import printed as set_by_latex
from study.report.report import FORMATS
from study.report.table import Cell, Row, Table, TableBlock
from tests.report.test_formats import compiled, table_of


def _defined(text):
    """The texts by key; several texts of one key are a LaTeX error."""
    defined = {}
    for key, cell in re.findall(r"\\studydefine\{([^}]*)\}\{(.*)\}", text):
        defined.setdefault(key, set()).add(cell)
    return defined


def test_rows_whose_labels_have_one_key_are_told_apart_by_digits(lab):
    levels = ["x", "a_b", "a b", "A b", "64×96", "64x96"]
    top1 = {level: [0.5 + n / 10, 0.5 + n / 10] for n, level in enumerate(levels)}
    laboratory = lab({"model.a": levels}, seeds=2, top1={**top1, "baseline": [0.5, 0.5]})
    defined = _defined(numbers({"table": table_of(laboratory)}, "s"))
    assert len(defined["model.a.a-b/top1/mean"]) == 3
    alone = {
        key: texts
        for key, texts in defined.items()
        if re.fullmatch(r"model\.a\.a-b-[0-9a-f]{4}/top1/mean", key)
    }
    assert sorted(text for texts in alone.values() for text in texts) == ["60.00", "70.00", "80.00"]
    assert all(len(texts) == 1 for texts in alone.values())
    # Rows that have a key of their own have no digits.
    assert len([key for key in defined if re.match(r"model\.a\.64x96.*/top1/mean", key)]) == 1


def test_rows_of_a_factorial_with_one_label_are_told_apart_by_digits(lab):
    factors = {"model.a": ["x", "y"], "model.b": ["x", "y"]}
    laboratory = lab(factors, designs=("factorial",))
    defined = _defined(numbers({"table": table_of(laboratory)}, "s"))
    keys = {key for key in defined if re.fullmatch(r"y-[0-9a-f]{4}/params", key)}
    assert len(keys) == 2


def _with_labels(labels):
    rows = tuple(Row(label, False, (Cell("1.0"),)) for label in labels)
    return Table("t", "Caption.", ("Top-1",), (TableBlock("", rows),), ("A note.",), narrow=True)


def test_the_lines_of_labels_count_as_the_height_of_a_table():
    short, long = (
        [f"{text} {n}" for n in range(30)] for text in ("Level", "A long label of words " * 8)
    )
    assert FORMATS["tex"](_with_labels(short)).count(r"\begin{table}") == 1
    text = FORMATS["tex"](_with_labels(long))
    assert text.count(r"\begin{table}") > 1
    # Every row is in one part, and the notes stand once, at the end.
    assert text.count("& 1.0") == 30
    assert text.count("A note.") == 1


@pytest.mark.slow
@pytest.mark.parametrize("form", ["tex", "fragment.tex", "siunitx.tex"])
def test_a_tall_table_compiles_in_two_columns(tmp_path, form):
    text = FORMATS[form](_with_labels(["A long label of words " * 8 + str(n) for n in range(30)]))
    status, log = compiled(tmp_path, r"\twocolumn " + text)
    assert status == 0, log[-2000:]
    assert "Float too large" not in log


@pytest.mark.slow
@pytest.mark.parametrize("label", ["深度可分离卷积降采样方法" * 2, "x" * 120, "[" + "y" * 80])
def test_a_label_without_spaces_is_broken_to_fit(tmp_path, label):
    status, log = compiled(tmp_path, FORMATS["tex"](_with_labels([label, "b"])))
    assert status == 0, log[-2000:]
    assert "Overfull" not in log


def test_letters_that_latex_lacks_are_measured_as_they_are_printed():
    assert set_by_latex("深a") == "U+6DF1a"
    text = FORMATS["tex"](_with_labels(["深度可分离卷积", "b"]))
    assert r"\fi{}\allowbreak{}\ifdefined" in text
