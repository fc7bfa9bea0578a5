"""A task's own predictions are compared over images, and its pictures are in report and page."""

import json
import sys
from pathlib import Path

import pytest

from tests.registries import restorer

PLUGIN = Path(__file__).with_name("with_images.py")
STUDY = """\
task: with_images
question: Does gain help?
baseline:
  args: {gain: 1.0}
factors:
  args.gain: {none: 1.0, some: 1.5, more: 1.6, most: 1.7, all: 1.8}
seeds: 3
"""


@pytest.fixture(autouse=True)
def _registries():
    restore = restorer()
    yield
    restore()
    sys.modules.pop("with_images", None)


@pytest.fixture
def ran(inside, tmp_path):
    path = tmp_path / "seen.yaml"
    path.write_text(STUDY)
    done = inside("run", path, "--import", PLUGIN, "--on", "inline")
    assert done.returncode == 0, done.stderr
    return path


@pytest.mark.heavy
def test_a_metric_is_compared_over_seeds_and_images(inside, ran):
    text = inside("compare", ran, "none", "some", "--import", PLUGIN).stdout
    (note,) = [line for line in text.splitlines() if "new seeds and new images" in line]
    assert "Brightness difference with its interval over new seeds and new images" in note
    assert "from 40 images: +1" in note


@pytest.mark.heavy
def test_the_report_and_the_page_have_the_contact_sheet(inside, ran, tmp_path):
    done = inside("report", ran, "--import", PLUGIN, "--html", "--reports", tmp_path)
    assert done.returncode == 0, done.stderr
    names = {path.name for path in (tmp_path / "seen" / "figures").iterdir()}
    # Five arms: the truth beside three of them, and beside the other two.
    assert {f"{name}.{end}" for name in ("seen", "seen-2") for end in ("png", "csv")} <= names
    csv = (tmp_path / "seen" / "figures" / "seen.csv").read_text().splitlines()
    assert csv[0] == "image,column,label,right,x1,y1,x2,y2"
    assert csv[1] == "image 1,truth,sky $x$,True,0,4,9,12"
    page = (tmp_path / "seen" / "page.html").read_text()
    # The page has figures of the width of a column: one arm in each beside the truth.
    assert page.count("Skies. truth: 2 regions, 1 of them dashed") == 5


@pytest.mark.heavy
def test_before_any_result_there_is_no_sheet(inside, tmp_path):
    path = tmp_path / "seen.yaml"
    path.write_text(STUDY)
    done = inside("report", path, "--import", PLUGIN, "--reports", tmp_path)
    assert done.returncode == 0, done.stderr
    assert not list((tmp_path / "seen" / "figures").glob("seen*"))


def test_a_file_of_another_tasks_arrays_is_read_as_it_is():
    from io import BytesIO

    import numpy as np

    from study.analysis.measurements import _arrays
    from study.store import archives

    file = BytesIO()
    np.savez_compressed(file, brightness=np.arange(3))
    assert json.dumps(_arrays(archives.sealed(file))["brightness"].tolist()) == "[0, 1, 2]"
