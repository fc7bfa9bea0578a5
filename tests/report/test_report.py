"""The report as files."""

import subprocess
import sys

import pandas as pd
import pytest

from study.analysis import frames
from study.report import report
from study.spec.study import file_name


def test_a_frame_has_one_row_per_arm_seed_and_metric(complete):
    plan, store = complete
    measured = frames.frame(plan, store)
    assert not measured.duplicated(["arm", "seed", "metric"]).any()
    assert dict(measured["metric"].value_counts()) == {
        "top1": 9,
        "params": 3,
        "macs": 3,
        "throughput": 2,
    }
    assert set(measured["label"]) == {"Depth-wise Conv2d", "Average Pooling", "Max Pooling"}


def test_a_frame_of_nothing_has_its_columns(lab):
    plan, store = lab(cost=dict.fromkeys(("baseline", "Average Pooling", "Max Pooling"), "no"))
    measured = frames.frame(plan, store)
    assert measured.empty
    assert list(measured.columns) == list(frames.MEASUREMENT_COLUMNS)


@pytest.mark.usefixtures("unrendered")
def test_a_report_is_all_its_files(complete, tmp_path):
    paths = report.write(report.report(*complete), tmp_path / "out")
    names = {str(path.relative_to(tmp_path / "out")) for path in paths}
    drawn = ("effects",)
    figures = {f"figures/{name}.{end}" for name in drawn for end in ("pdf", "svg", "png", "csv")}
    tables = {
        f"{name}.{end}"
        for name in ("table", "table_wide", "supplement", "claims", "contrasts")
        for end in report.FORMATS
    }
    assert names == {
        *tables,
        "numbers.tex",
        "measurements.csv",
        "judged.csv",
        "effects.csv",
        "speed.csv",
        *figures,
    }
    assert all(path.stat().st_size for path in paths)


@pytest.mark.usefixtures("unrendered")
def test_measurements_read_back_in_base_units(complete, tmp_path):
    report.write(report.report(*complete), tmp_path)
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / "measurements.csv", dtype=frames.MEASUREMENT_COLUMNS),
        frames.frame(*complete),
    )


@pytest.mark.slow
def test_a_second_report_is_the_same_bytes(complete, tmp_path):
    first = report.write(report.report(*complete), tmp_path / "one")
    second = report.write(report.report(*complete), tmp_path / "two")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_a_report_of_nothing_is_still_a_table(lab, tmp_path):
    names = {path.name for path in report.write(report.report(*lab(columns=("top1",))), tmp_path)}
    assert {"table.md", "measurements.csv"} <= names
    assert "--" in (tmp_path / "table.md").read_text("utf-8")


@pytest.mark.usefixtures("unrendered")
def test_a_report_of_nasty_text_stays_in_its_folder(nasty, tmp_path):
    paths = report.write(report.report(*nasty), tmp_path / "out")
    assert all((tmp_path / "out") in path.resolve().parents for path in paths)


@pytest.mark.parametrize(
    ("name", "file"),
    [("model.a", "model.a"), ("../x", "_x"), ("a/b\\c", "a_b_c"), ("..", "unnamed")],
)
def test_a_name_becomes_one_file(name, file):
    assert file_name(name) == file


@pytest.mark.parametrize("letter", ["a", "ä", "漢", "😀"])
def test_a_long_name_fits_into_a_file_system(letter, tmp_path):
    name = file_name(letter * 300)
    (tmp_path / f"{name}.siunitx.tex.0123456789").touch()
    assert set(name) == {letter} or letter == "😀"


@pytest.mark.heavy
def test_reports_need_neither_torch_nor_a_plotting_state():
    code = "import sys, study.report.report; print({'torch', 'matplotlib.pyplot'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "set()\n"


def test_measurements_have_one_order_however_costs_were_counted(lab):
    orders = ({"params": 1.0, "macs": 2.0}, {"macs": 2.0, "params": 1.0})
    first, second = (frames.frame(*lab(cost={"baseline": cost})) for cost in orders)
    pd.testing.assert_frame_equal(first, second)
