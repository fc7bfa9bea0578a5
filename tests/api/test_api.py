"""Studies from Python: loaded or of values, planned, run, analysed; effects of any frame."""

import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

import study
from study.errors import SpecError, StudyError
from study.report.formats import FORMATS
from tests.conftest import environment

VALUES = {
    "question": "Does it run?",
    "baseline": {
        "model": "test_rest",
        "data": {"name": "digits", "img_size": 64, "train_limit": 64, "val_limit": 40},
        "recipe": {"name": "smoke", "epochs": 1, "batch_size": 32},
    },
    "factors": {"model.reduction": {"DW": "depthwise", "Avg": "average"}},
    "seeds": 2,
    "columns": ["params", "top1"],
}


def test_a_file_is_loaded_with_changes_and_planned(tiny):
    plan = study.load(tiny, set={"seeds": 3}, store=tiny.parent / "results").plan()
    assert len(plan.missing) == 6
    assert [*plan.frame["model.reduction"]] == ["DW", "Avg"]
    assert (plan.frame["missing"] == 3).all()
    assert "Does it run?" in plan._repr_html_()


def test_values_are_the_study_that_a_file_of_them_would_be(tiny):
    store = tiny.parent / "results"
    written = study.load(tiny, set={"recipe.epochs": 1}, store=store).plan()
    of_values = study.Study.of("tiny", VALUES, store=store).plan()
    digests = [[arm.digest for arm in plan.arms] for plan in (written, of_values)]
    assert digests[0] == digests[1]


def test_a_mistake_in_values_is_told_at_its_place(tmp_path):
    wrong = {**VALUES, "factors": {"model.reduction": {"DW": "depthwise", "Avg": "averag"}}}
    with pytest.raises(SpecError, match='did you mean "average"') as refused:
        study.Study.of("tiny", wrong, store=tmp_path).plan()
    assert "tiny.yaml:" in str(refused.value)


@pytest.mark.parametrize("name", ["", "../x", ".x", "a b", "a/b"])
def test_a_study_of_values_needs_the_name_of_a_file(name):
    with pytest.raises(StudyError, match="cannot name a study"):
        study.Study.of(name, VALUES)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("api")
    return study.Study.of("tiny", VALUES, store=folder / "results"), folder


@pytest.mark.heavy
def test_a_study_is_run_and_analysed(finished, unrendered):
    loaded, folder = finished
    analysis = loaded.run(on="inline", progress=False)
    assert not loaded.plan().missing
    frame = analysis.frame
    assert [*frame.columns] == ["arm", "seed", "metric", "value", "low", "high"]
    assert {*frame["arm"]} == {"DW", "Avg"}
    assert frame["seed"].dropna().unique().tolist() == [0, 1]
    columns = ["arm", "metric", "difference", "low", "high", "pairs", "p_t", "p_sign_flip"]
    assert [*analysis.effects.columns] == columns
    row = analysis.effects.query("metric == 'top1'").iloc[0]
    values = frame.query("metric == 'top1'").pivot(index="seed", columns="arm", values="value")
    assert row["difference"] == pytest.approx((values["Avg"] - values["DW"]).mean())
    assert row["pairs"] == 2
    assert "Top-1" in str(analysis.table())
    assert analysis._repr_html_().startswith("<figure")
    assert all(analysis.table().to(form) for form in FORMATS)
    assert analysis.answer in str(analysis)
    assert analysis.figure("effects").axes
    report = loaded.report(folder / "reports")
    assert (report / "table.md").is_file()


@pytest.mark.heavy
def test_what_an_analysis_has_not_is_told(finished):
    loaded, _ = finished
    analysis = loaded.analyse()
    with pytest.raises(StudyError, match='unknown table "tabel"'):
        analysis.table("tabel")
    with pytest.raises(StudyError, match='unknown figure "effect"; did you mean "effects"'):
        analysis.figure("effect")
    with pytest.raises(StudyError, match="has no data for the figure speed"):
        analysis.figure("speed")
    with pytest.raises(StudyError, match='unknown format "docx"'):
        analysis.table().to("docx")


@pytest.mark.parametrize(
    ("how", "message"),
    [({"on": "slurm"}, 'unknown launcher "slurm"'), ({"device": "cuda"}, "no usable NVIDIA")],
)
def test_a_machine_that_is_not_here_is_refused(tmp_path, how, message):
    with pytest.raises(StudyError, match=message):
        study.Study.of("tiny", VALUES, store=tmp_path).run(**how)
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"workers": -1}, "workers: a whole number from 1"),
        ({"workers": "2"}, "workers: a whole number from 1"),
        ({"threads": 0}, "threads: a whole number from 1"),
        ({"device": "tpu"}, 'unknown device "tpu"'),
    ],
)
def test_a_wrong_setting_of_a_run_is_told(tmp_path, how, message):
    with pytest.raises(StudyError, match=message):
        study.Study.of("tiny", VALUES, store=tmp_path).run(**how)


def test_values_may_be_of_numpy_paths_and_tuples(tiny):
    store = tiny.parent / "results"
    values = {**VALUES, "seeds": np.int64(2), "columns": ("params", "top1")}
    assert len(study.Study.of("tiny", values, store=store).plan().trials) == 4
    assert len(study.load(tiny, set={"seeds": np.int64(3)}, store=store).plan().trials) == 6


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1], "values: a mapping of the keys"),
        ({**VALUES, "seeds": {1, 2}}, r"values\.seeds: set is nothing that a study file can hold"),
        ({**VALUES, "seeds": np.arange(3)}, r"values\.seeds: ndarray is nothing"),
    ],
)
def test_values_that_no_file_can_hold_are_told(tmp_path, values, message):
    with pytest.raises(StudyError, match=message):
        study.Study.of("tiny", values, store=tmp_path)


@pytest.mark.heavy
def test_a_study_runs_in_another_thread(finished):
    loaded, _ = finished
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(loaded.run, on="inline", progress=False).result().frame is not None


# ---- effects of any frame ----

LONG = {
    "model": ["A"] * 4 + ["B"] * 4,
    "run": [0, 1, 2, 3] * 2,
    "name": ["acc"] * 8,
    "score": [0.5, 0.6, 0.4, 0.5, 0.55, 0.62, 0.49, 0.56],
}
NAMES = {"arm": "model", "seed": "run", "metric": "name", "value": "score"}


def test_effects_of_a_frame_are_those_of_scipy():
    from scipy.stats import ttest_rel

    result = study.effects(pd.DataFrame(LONG), baseline="A", **NAMES)
    (row,) = result.itertuples()
    test = ttest_rel(LONG["score"][4:], LONG["score"][:4])
    low, high = test.confidence_interval(0.95)
    assert (row.arm, row.metric, row.pairs) == ("B", "acc", 4)
    assert row.difference == pytest.approx(0.055)
    assert (row.low, row.high, row.p_t) == pytest.approx((low, high, test.pvalue))
    assert row.p_sign_flip == 2 / 2**4


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_a_frame_of_another_library_gives_one_of_the_same(library):
    module = pytest.importorskip(library)
    make = module.DataFrame if library == "polars" else module.table
    result = study.effects(make(LONG), baseline="A", **NAMES)
    assert type(result).__module__.startswith(library)


def test_unpaired_seeds_are_left_out_and_a_nan_stays():
    frame = pd.DataFrame(LONG)
    row = study.effects(frame[:-1], baseline="A", **NAMES).iloc[0]
    assert row["pairs"] == 3
    frame.loc[5, "score"] = math.nan
    assert math.isnan(study.effects(frame, baseline="A", **NAMES).iloc[0]["difference"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value": "scor"}, 'unknown column "scor"; did you mean "score"'),
        ({"baseline": "C"}, 'unknown baseline "C"'),
    ],
)
def test_a_wrong_name_is_told(change, message):
    with pytest.raises(StudyError, match=message):
        study.effects(pd.DataFrame(LONG), **{"baseline": "A", **NAMES, **change})


def test_arms_may_be_numbers_and_values_must_be(tmp_path):
    frame = pd.DataFrame(LONG).assign(model=[0] * 4 + [1] * 4)
    (row,) = study.effects(frame, baseline=0, **NAMES).itertuples()
    assert (row.arm, row.pairs) == ("1", 4)
    with pytest.raises(StudyError, match="a value is no number"):
        study.effects(frame.assign(score="much"), baseline=0, **NAMES)
    with pytest.raises(StudyError, match="an arm or a metric is missing"):
        study.effects(frame.assign(name=None), baseline=0, **NAMES)


def test_two_values_of_one_seed_are_refused():
    twice = pd.concat([pd.DataFrame(LONG)] * 2)
    with pytest.raises(StudyError, match="A has two values of acc for seed 0"):
        study.effects(twice, baseline="A", **NAMES)


@pytest.mark.heavy
def test_to_import_the_package_takes_nothing():
    code = (
        "import sys, study; print(sorted({'torch', 'pandas', 'numpy', 'click'} & {*sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_every_name_of_the_package_exists():
    assert all(getattr(study, name) for name in study.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        study.nothing  # noqa: B018


def test_a_frame_of_one_metric_needs_no_column_for_it():
    frame = pd.DataFrame(LONG).drop(columns="name")
    names = {key: name for key, name in NAMES.items() if key != "metric"}
    (row,) = study.effects(frame, baseline="A", **names).itertuples()
    assert (row.metric, row.pairs) == ("score", 4)


def test_a_study_and_a_plan_print_as_one_line(tiny):
    loaded = study.load(tiny, store=tiny.parent / "results")
    assert repr(loaded).startswith("Study(tiny, store=")
    assert repr(loaded.plan()) == "Plan(tiny: 2 arms, 4 trials, 4 missing)"
