"""Rows of a file as the results of a study: matched, or named."""

import hashlib

import pytest

from study.api.request import StudyRequest
from study.errors import SpecError
from study.plan.measured.columns import equal, value_of
from study.plan.planning import plan
from study.store.store import Store
from tests.plan.measured.conftest import ROWS, planned_levels, values


def test_rows_are_the_trials_of_their_arms(planned, tmp_path):
    plan = planned()
    assert values(plan, 0) == {0: 76.0, 1: 75.0, 2: 77.0}
    assert values(plan, 1) == {0: 75.5, 1: 74.8, 2: 76.1}
    assert (plan.missing, plan.paired, plan.notes) == ([], True, ())
    content = (tmp_path / "runs.csv").read_bytes()
    assert plan.measured.digest == hashlib.sha256(content).hexdigest()[:10]


def test_a_row_matches_by_the_label_or_the_value_of_a_level(planned):
    assert values(planned(ROWS.replace("ours", "Ours")), 0) == {0: 76.0, 1: 75.0, 2: 77.0}


@pytest.mark.parametrize("column", ["setting.method", "Method"])
def test_the_column_of_a_factor_has_its_path_or_its_title(planned, column):
    assert len(values(planned(ROWS.replace("method,", f"{column},")), 1)) == 3


@pytest.mark.parametrize(
    ("text", "value"),
    [("0.001", 1e-3), ("1e-3", 0.001), ("true", True), ("", None), ("a", "a"), ("5", 5.0)],
)
def test_a_cell_has_a_value_however_it_is_written(text, value):
    assert equal(text, value)


@pytest.mark.parametrize(("text", "value"), [("1", True), ("0", None), ("a", 1), ("0.1", "0.10")])
def test_a_cell_of_another_value_does_not(text, value):
    assert not equal(text, value)


def test_columns_and_the_seed_are_named_in_a_mapping(planned):
    rows = ROWS.replace("method,seed,acc", "algo,rng,acc@1")
    measured = "{file: runs.csv, seed: rng, columns: {acc: acc@1, setting.method: algo}}"
    assert values(planned(rows, measured), 0) == {0: 76.0, 1: 75.0, 2: 77.0}


def test_a_scale_brings_numbers_into_the_unit_of_the_table(planned):
    measured = "{file: runs.csv, columns: {acc: {column: acc, scale: 0.01}}}"
    assert values(planned(measured=measured), 0)[0] == pytest.approx(0.76)


def test_only_rows_of_where_count(planned):
    rows = "method,seed,acc,data\nours,0,1,a\nours,0,2,b\nsgd,0,3,a\nsgd,0,4,b\n"
    plan = planned(rows, "{file: runs.csv, where: {data: b}}")
    assert (values(plan, 0), values(plan, 1)) == ({0: 2.0}, {0: 4.0})


@pytest.mark.parametrize("value", ["null", "0.1"])
def test_where_may_be_an_empty_cell_or_a_number(planned, value):
    first, second = ("", "0.10") if value == "null" else ("1e-1", "")
    rows = f"method,seed,acc,aa\nours,0,1,{first}\nours,0,2,{second}\nsgd,0,3,{first}\n"
    plan = planned(rows, f"{{file: runs.csv, where: {{aa: {value}}}}}")
    assert (values(plan, 0), values(plan, 1)) == ({0: 1.0}, {0: 3.0})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        (".5", 0.5),
        ("7", 7),
        ("True", True),
        ("null", None),
        ("1e999", "1e999"),
        ("", ""),
        ("ours", "ours"),
        ("1_0", "1_0"),
        ("nan", "nan"),
        ("9" * 29, int("9" * 29)),
    ],
)
def test_a_text_means_a_number_a_boolean_null_or_itself(text, value):
    meant = value_of(text)
    assert (meant, type(meant)) == (value, type(value))
    assert equal("" if value is None else text, meant)


def test_a_plan_can_be_made_again_with_or_without_seeds(planned, tmp_path):
    for measured in ("runs.csv", "{file: runs.csv, seed: null}"):
        first = planned(measured=measured)
        again = plan(first.file, Store(tmp_path / "results"))
        assert [arm.trials for arm in again.arms] == [arm.trials for arm in first.arms]


def test_the_value_of_one_level_goes_before_the_label_of_another(tmp_path):
    levels = 'setting.x: {"2": 1, "1": 2}'
    plan = planned_levels(tmp_path, levels, "x,seed,acc\n1,0,10\n2,0,20\n")
    assert (values(plan, 0), values(plan, 1)) == ({0: 10.0}, {0: 20.0})


def test_a_cell_of_two_levels_is_refused(tmp_path):
    levels = 'setting.x: {Number: 1, Text: "1"}'
    with pytest.raises(SpecError) as error:
        planned_levels(tmp_path, levels, "x,seed,acc\n1,0,10\n")
    message = 'runs.csv:2: x "1" is a cell of two levels of setting.x: Number and Text'
    assert message in str(error.value)


def test_the_level_that_sets_more_keys_has_a_row_that_two_levels_fit(tmp_path):
    levels = "setting: {Narrow: {x: 1}, Wide: {x: 1, y: 2}}"
    rows = "x,y,seed,acc\n1,1,0,10\n1,2,0,20\n"
    plan = planned_levels(tmp_path, levels, rows, "{x: 1, y: 1}")
    assert (values(plan, 0), values(plan, 1)) == ({0: 10.0}, {0: 20.0})


def test_metrics_in_rows_of_their_own_are_put_together(planned):
    rows = "method,seed,acc,loss\nours,0,1,\nours,0,,2\nsgd,0,3,4\n"
    plan = planned(rows, metrics="acc: {better: higher}, loss: {better: lower}")
    assert plan.arms[0].trials[0].imported.metrics == {"acc": 1.0, "loss": 2.0}


NOTES = {
    "a row of no arm": (
        ROWS + "lion,0,70\n",
        "1 row matches no arm of the study: runs.csv:8 (method=lion)",
    ),
    "many rows of no arm": (
        ROWS + "".join(f"lion,{seed},70\n" for seed in range(5)),
        "5 rows of runs.csv match no arm of the study: runs.csv:8 (method=lion), runs.csv:9 "
        "(method=lion), runs.csv:10 (method=lion) and 2 more",
    ),
    "an arm without rows": (
        "method,seed,acc\nours,0,1\n",
        "runs.csv has no row of SGD",
    ),
    "a missing seed": (
        ROWS.replace("sgd,1,74.8\n", ""),
        "1 number is not in runs.csv: acc of SGD, seed 1",
    ),
    "an empty cell": (
        ROWS.replace("sgd,1,74.8", "sgd,1,"),
        "1 number is not in runs.csv: acc of SGD, seed 1",
    ),
    "seeds of some arms alone": (
        ROWS + "sgd,3,70\n",
        "Differences are over the seeds that both arms have",
    ),
    "no seed in common": (
        "method,seed,acc\nours,0,1\nours,1,2\nsgd,2,3\nsgd,3,4\n",
        "SGD and the baseline have no seed in common",
    ),
    "a NaN": (
        ROWS.replace("74.8", "NaN"),
        "NaN or infinite, so this run diverged: runs.csv:6",
    ),
}


@pytest.mark.parametrize(("rows", "note"), NOTES.values(), ids=NOTES)
def test_what_is_left_out_or_missing_is_named(planned, rows, note):
    notes = [text.lower() for text in planned(rows).notes]
    assert any(text.startswith(note.lower()) for text in notes), notes


def test_rows_of_other_seeds_than_those_of_the_study_are_named(planned):
    plan = planned(more="seeds: [0, 1]")
    assert set(values(plan, 0)) == {0, 1}
    assert "2 rows of runs.csv match none of its seeds: runs.csv:4, runs.csv:7" in plan.notes


def test_a_run_with_a_number_that_is_not_finite_diverged(planned):
    plan = planned(ROWS.replace("74.8", "inf"))
    assert plan.arms[1].diverged_seeds == (1,)


MISTAKES = {
    "no column of a factor": (ROWS.replace("method", "methd"), 'did you mean "methd"?'),
    "no column of a metric": (ROWS.replace("acc", "top1"), "no column for the metric acc"),
    "a text for a number": (ROWS.replace("74.8", "high"), 'runs.csv:6: "high" in column acc'),
    "a decimal comma": (ROWS.replace("74.8", '"74,8"'), "a decimal point is a point"),
    "a per cent": (ROWS.replace("74.8", "74.8%"), "leave % out: unit of the metric is its unit"),
    "a long seed": (ROWS.replace("sgd,1,", f"sgd,{'1' * 19},"), "it has more than 18 digits"),
    "a text for a seed": (ROWS.replace("sgd,1,", "sgd,b,"), 'runs.csv:6: "b" in column seed'),
    "a result twice": (ROWS + "sgd,0,75.5\n", "runs.csv:5 and runs.csv:8 are results of one arm"),
    "a row that is too short": (ROWS + "sgd,0\n", "runs.csv:8: 2 cells below a header of 3"),
    "no row of any arm": ("method,seed,acc\nlion,0,1\n", "no row of runs.csv matches an arm"),
    "no row": ("method,seed,acc\n", "runs.csv has no row below its header"),
    "a column twice": ("acc,acc\n1,2\n", 'two columns are called "acc"'),
}


@pytest.mark.parametrize(("rows", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_of_the_file_is_named_with_its_line(planned, rows, message):
    with pytest.raises(SpecError) as error:
        planned(rows)
    assert message in str(error.value)


def test_rows_that_a_further_column_tells_apart_say_so(planned):
    rows = "method,seed,acc,data\nours,0,1,a\nours,0,2,b\n"
    with pytest.raises(SpecError, match="they differ in data: choose by where"):
        planned(rows)


STUDIES = {
    "an unknown column": ("{file: runs.csv, columns: {acc: accc}}", "", 'did you mean "acc"?'),
    "an unknown metric": ("{file: runs.csv, columns: {lss: acc}}", "", "unknown metric or factor"),
    "an unknown seed": ("{file: runs.csv, seed: rng}", "", 'unknown column "rng"'),
    "no file": ("rns.csv", "", 'did you mean "runs.csv"?'),
    "a format": ("runs.xls", "", "unknown format of results"),
    "an A/A arm": ("runs.csv", "aa: true", "aa runs trials"),
    "no seeds": ("runs.csv", "seeds: 0", "without seeds, all that the file has"),
    "seeds that are added": (
        "runs.csv",
        "seeds: {min: 2, max: 4, stop: decided}",
        "a number of them, or a list",
    ),
    "seeds that no column has": (
        "{file: runs.csv, seed: null}",
        "seeds: 3",
        "seed is null: delete",
    ),
}


@pytest.mark.parametrize(("measured", "more", "message"), STUDIES.values(), ids=STUDIES)
def test_a_mistake_of_the_study_file_is_named(planned, measured, more, message):
    with pytest.raises(SpecError) as error:
        planned(measured=measured, more=more)
    assert message in str(error.value)


def test_a_study_that_prints_no_quality_of_its_file_is_refused(tmp_path):
    (tmp_path / "runs.csv").write_text("model,seed,top1\nresnet18,0,70\nresnet34,0,71\n")
    path = tmp_path / "study.yaml"
    path.write_text(
        "task: classification\nquestion: Does depth help?\nmeasured: runs.csv\n"
        "baseline: {model: resnet18, data: {name: digits, img_size: 64}, recipe: smoke}\n"
        "factors: {model: {R18: resnet18, R34: resnet34}}\ncolumns: [params]\n"
    )
    with pytest.raises(SpecError, match="columns prints no quality, and measured takes these"):
        StudyRequest(path, None, (), tmp_path / "results").plan()
