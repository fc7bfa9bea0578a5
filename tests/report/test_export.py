"""Measurements for other tools."""

from io import BytesIO

import pandas as pd
import pytest

from study.analysis.frames import frame
from study.report.export import EXPORTS
from study.report.spreadsheet import without_formula
from tests.report.conftest import NASTY
from tests.report.measured import timing
from tests.report.scenes import emsa, mixed


@pytest.fixture
def exported(lab):
    return lambda form, scene=emsa: EXPORTS[form](*scene(lab))


def test_the_command_line_knows_every_export_and_no_other(inside, tiny):
    for form in EXPORTS:
        assert "unknown name" not in inside("export", tiny, "--format", form).stderr
    done = inside("export", tiny, "--format", "cvs")
    assert done.returncode == 2
    assert 'unknown name "cvs"; did you mean "csv"?' in done.stderr


@pytest.mark.parametrize("form", EXPORTS)
@pytest.mark.parametrize("scene", [emsa, mixed], ids=lambda scene: scene.__name__)
def test_every_export_is_whole_files_whatever_state_the_study_is_in(exported, form, scene):
    for name, content in exported(form, scene).items():
        assert "/" not in name
        assert content


def test_both_flat_formats_read_back_as_the_frame(lab):
    plan, store = emsa(lab)
    expected = frame(plan, store)
    text = pd.read_csv(BytesIO(EXPORTS["csv"](plan, store)["measurements.csv"]))
    typed = pd.read_parquet(BytesIO(EXPORTS["parquet"](plan, store)["measurements.parquet"]))
    for read in (text, typed):
        assert read["value"].tolist() == expected["value"].tolist()
        assert set(read["study"]) == {"emsa_reduction"}
        arm = read[read["label"] == "Max Pooling"].iloc[0]
        assert (arm["model.reduction"], arm["model.ratios"]) == ("Max Pooling", "8-4-2-1")
    assert typed["seed"].dtype == "Int64"


def test_trials_say_what_became_of_each(exported):
    rows = pd.read_csv(BytesIO(exported("csv", mixed)["trials.csv"]))
    assert set(rows["state"]) == {"completed", "diverged", "failed", "pending"}


def test_timm_has_its_own_columns_and_units(exported):
    rows = exported("timm")
    infer = pd.read_csv(BytesIO(rows["benchmark-infer.csv"]))
    assert list(infer) == [
        "model",
        "infer_img_size",
        "infer_samples_per_sec",
        "infer_step_time",
        "infer_batch_size",
        "param_count",
        "infer_gmacs",
        "infer_macts",
    ]
    first = infer.iloc[0]
    assert first["model"] == "rest_lite.average_pooling"
    assert first["infer_step_time"] == pytest.approx(
        1e3 * first["infer_batch_size"] / 1138, rel=1e-3
    )
    assert (first["param_count"], first["infer_gmacs"]) == (2.51, 0.031)
    assert infer["infer_samples_per_sec"].is_monotonic_decreasing


def test_timm_results_are_means_of_what_has_both_accuracies(lab):
    plan, store = lab(top1={"baseline": [0.9, 0.92, 0.94]}, timed={"baseline": timing(100)})
    assert not [name for name in EXPORTS["timm"](plan, store) if name.startswith("results")]


def test_arms_of_equal_names_are_told_apart(lab):
    plan, store = lab(
        {"model.reduction": ["DW", "a-b", "a b"]},
        timed={arm: timing(100 + i) for i, arm in enumerate(["baseline", "a-b", "a b"])},
    )
    rows = pd.read_csv(BytesIO(EXPORTS["timm"](plan, store)["benchmark-infer.csv"]))
    assert sorted(rows["model"]) == ["rest_lite.a_b", "rest_lite.a_b_2", "rest_lite.dw"]


def test_labels_are_data(lab):
    plan, store = lab({"model.reduction": ["DW", *NASTY]}, top1={"baseline": [0.9] * 3})
    rows = pd.read_csv(BytesIO(EXPORTS["csv"](plan, store)["measurements.csv"]))
    assert {without_formula(label) for label in NASTY} <= set(rows["label"])


@pytest.mark.heavy
def test_the_command(inside, tiny):
    assert inside("run", tiny, "--on", "inline", "--no-speed").returncode == 0
    done = inside("export", tiny, "--format", "csv,timm")
    assert done.returncode == 0, done.stderr
    files = [line.rpartition("/")[2] for line in done.stdout.split()]
    assert files == [
        "measurements.csv",
        "trials.csv",
        "classes.csv",
        "results-digits_64_to_train_on_40_to_evaluate.csv",
    ]
    results = pd.read_csv(tiny.parent / done.stdout.split()[-1])
    assert list(results) == [
        "model",
        "top1",
        "top1_err",
        "top5",
        "top5_err",
        "param_count",
        "img_size",
        "crop_pct",
        "interpolation",
    ]
    assert len(results) == 2


def test_an_unknown_format_and_nothing_measured_are_refused(inside, tiny):
    assert inside("export", tiny, "--format", "xls").returncode == 2
    none = inside("export", tiny, "--format", "csv,timm")
    assert none.returncode == 2
    assert "nothing is measured yet" in none.stderr
    assert not (tiny.parent / "reports").exists()


def test_a_package_that_is_not_installed_is_named(lab, monkeypatch):
    from study.errors import StudyError
    from study.report import export

    monkeypatch.setattr(export, "find_spec", lambda name: None)
    with pytest.raises(StudyError, match=r"\.\[parquet\]"):
        export.EXPORTS["parquet"](*emsa(lab))
