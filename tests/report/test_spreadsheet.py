"""Comma-separated values that a spreadsheet opens as text and numbers."""

import csv
import io

import pandas as pd
import pytest

from study.report.spreadsheet import comma_separated, without_formula
from tests.conftest import ROOT


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "=HYPERLINK(1)",
        "@SUM(A1)",
        "+cmd",
        "-2+3",
        "-a",
        "-1 (=x)",
        "\tx",
        "\r=x",
        "＝1+1",
        "+",
    ],
)
def test_a_text_that_would_be_a_formula_is_kept_as_text(cell):
    assert without_formula(cell) == f"'{cell}"


@pytest.mark.parametrize(
    "cell",
    [
        "-0.4",
        "+1.57 [−4.00, 7.15]",
        "+1.57 [−4.00, 7.15] (2/3)",
        "−1.39 [--]",
        "+5.7 %",
        "--",
        "-1e-05",
        "+0.37 pp",
        "8-4-2-1",
        "95.09 ± 2.01 ≈",
        "",
        "A = B",
        "×1.017 [1.005, 1.031]",
        -1.5,
        None,
        True,
    ],
)
def test_numbers_and_other_texts_stay_as_they_are(cell):
    assert without_formula(cell) is cell


def test_frames_are_inert_in_texts_and_heads():
    frame = pd.DataFrame({"label": ["=1+1", "-1"], "value": [-1.5, 2.0], "@x": ["a", None]})
    rows = list(csv.reader(io.StringIO(comma_separated(frame))))
    assert rows == [["label", "value", "'@x"], ["'=1+1", "-1.5", "a"], ["-1", "2.0", ""]]


def test_every_writer_of_such_files_goes_through_here():
    texts = {f: f.read_text("utf-8") for f in (ROOT / "study").rglob("*.py")}
    assert [f.name for f, text in texts.items() if "to_csv(" in text] == ["spreadsheet.py"]
    writers = [f for f, text in texts.items() if "csv.writer" in text or "DictWriter" in text]
    assert all("inert" in texts[f] for f in writers)


def test_labels_that_would_be_formulas_are_text_in_every_file(inside, tiny):
    tiny.write_text(tiny.read_text().replace("Avg:", '"=1+1":').replace("top1]", "top1, top5]"))
    assert inside("report", tiny).returncode == 0
    inside("export", tiny, "--format", "csv,timm")
    assert "\n=1+1" not in inside("results", tiny, "--csv").stdout
    files = list(tiny.parent.rglob("*.csv"))
    assert any("'=1+1" in file.read_text() for file in files)
    for file in files:
        cells = [cell for row in csv.reader(io.StringIO(file.read_text())) for cell in row]
        assert "=1+1" not in cells, file
