"""Files of figures are the same bytes in every process."""

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from study.report import figures, report
from study.report.figure_style import WIDTHS, FigureStyle
from study.report.figures.style_sheets import styled
from tests.conftest import ROOT
from tests.report.conftest import laboratory
from tests.report.figures.drawn import effects, kind, reported
from tests.report.scenes import SCENES


@pytest.mark.heavy
def test_files_are_named_by_the_figure(shown):
    figure = shown("emsa")[1]["effects"]
    assert set(figures.files(figure)) == {f"effects.{end}" for end in ("pdf", "svg", "png", "csv")}


def test_figures_are_as_wide_as_a_column_or_a_text(shown):
    for width, inches in WIDTHS.items():
        narrow = replace(shown("emsa")[0], style=FigureStyle(width))
        with styled(narrow.style):
            (figure,) = effects.effects(narrow)
        content = figures.files(figure)["effects.png"]
        assert Image.open(io.BytesIO(content)).width == round(inches * 300)


def digests(names):
    """Of the files of the first figure of every kind."""
    hashes = {}
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            drawn = figures.all_figures(reported(SCENES[name](laboratory(Path(folder)))))
        for figure in drawn:
            if kind(figure.name) not in hashes:
                hashes[kind(figure.name)] = {
                    file: hashlib.sha256(content).hexdigest()
                    for file, content in figures.files(figure).items()
                }
    return hashes


REPEATED = ["emsa", "path", "numbers", "factorial", "resolution"]  # every kind


@pytest.mark.slow
def test_figures_are_the_same_bytes_in_another_process_whatever_its_settings():
    code = (
        "import json, matplotlib as mpl; mpl.rcParams.update({'font.size': 20, 'axes.grid': False, "
        "'pdf.fonttype': 3, 'svg.hashsalt': 'x'}); "
        "from tests.report.figures import test_files as t; "
        f"print(json.dumps(t.digests({REPEATED})))"
    )
    path = os.pathsep.join([str(ROOT), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "7"},
    )
    assert json.loads(done.stdout) == digests(REPEATED)


@pytest.mark.heavy
def test_files_hold_no_date_and_only_embedded_truetype(shown):
    files = figures.files(shown("emsa")[1]["effects"])
    assert b"CreationDate" not in files["effects.pdf"]
    assert b"<dc:date>" not in files["effects.svg"]
    assert b"/Type3" not in files["effects.pdf"]


@pytest.mark.heavy
def test_figures_are_elements_that_refer_to_ids_of_their_own(shown):
    for figure in shown("weird")[1].values():
        text = figures.svg(figure)
        own = {e.get("id") for e in ElementTree.fromstring(text).iter()}
        assert set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', text)) <= {
            pair for i in own for pair in ((i, ""), ("", i))
        }


@pytest.mark.heavy
def test_a_report_writes_its_figures(shown, tmp_path):
    study_report, drawn = shown("path")
    paths = report.write(study_report, tmp_path)
    names = {path.name for path in paths if path.parent.name == "figures"}
    assert names == {f"{name}.{end}" for name in drawn for end in ("pdf", "svg", "png", "csv")}
    assert (tmp_path / "figures" / "roadmap.pdf").exists()
