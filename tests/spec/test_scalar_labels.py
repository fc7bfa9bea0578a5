"""Levels that are lists of scalars, and labels that are numbers, without quotes anywhere."""

import json

import pytest

from study.analysis.two_arms import comparison
from study.api.request import StudyRequest
from study.errors import SpecError, likely_name
from study.plan.label_checks import names, problems
from study.spec.claims import parse
from tests.spec.study_files import load, load_file

BASE = """\
question: How?
baseline: {model: test_rest, data: digits, recipe: smoke}
"""
NUMBERED = BASE + "factors: {model.drop_path_rate: {0: 0.0, 0.1: 0.1, 0.3: 0.3}}\n"
EVERYWHERE = """\
contrasts: [0.3, [0.1, 0.3]]
claims: [0.3 is worse than 0 on top1, 0.1 is within 0.2 of 0 on top1, 0.3 ranks last on top1]
published: {0.1: {top1: 70.2}}
expects: {0.1: {params: same}, model.drop_path_rate: {macs: same}}
titles: {model.drop_path_rate: 2024, baseline: 0}
"""


def labels(study):
    return [[level.label for level in factor.levels] for factor in study.factors]


def checked(file):
    assert not file.problems
    return [problem.message for problem in problems(file.study, file.places)]


@pytest.mark.parametrize(
    ("factor", "expected", "values"),
    [
        ("recipe.lr: [1e-3, 3e-4]", ["1e-3", "3e-4"], [1e-3, 3e-4]),
        ("model.heads: [8, 16, 4]", ["8", "16", "4"], [8, 16, 4]),
        ("model.attn_norm: [true, False]", ["true", "False"], [True, False]),
        ("recipe.aa: [null, rand-m9]", ["null", "rand-m9"], [None, "rand-m9"]),
        ("recipe.aa: [~, 'rand-m9']", ["~", "rand-m9"], [None, "rand-m9"]),
        ("model: [test_rest, test_pvt]", ["test_rest", "test_pvt"], ["test_rest", "test_pvt"]),
        ("model.dims: [0o10, 1_6, 0x10f]", ["0o10", "1_6", "0x10f"], [8, 16, 271]),
    ],
)
def test_a_list_of_scalars_is_levels_whose_labels_are_their_text(
    tmp_path, factor, expected, values
):
    study, wrong = load(tmp_path, f"{BASE}factors: {{{factor}}}\n")
    assert not wrong
    assert labels(study) == [expected]
    assert [level.value for level in study.factors[0].levels] == values


@pytest.mark.parametrize(
    ("levels", "at", "message", "hint"),
    [
        ("[0.1, 0.10]", "0.10", '"0.1" and "0.10" are the same value', "delete one"),
        ("[0.1, 1e-1]", "1e-1", '"0.1" and "1e-1" are the same value', "delete one"),
        ("[null, ~]", "~", '"null" and "~" are the same value', "delete one"),
        ("[a, {name: b, c: 1}]", "{name", "has no label", "write {a: a, b: {...}}"),
        ("[{c: 1}, a]", "{c", "has no label", "write {LABEL: {...}, a: a}"),
        ("[a, [1, 2]]", "[1", "has no label", "write {a: a, 1-2: [1, 2]}"),
    ],
)
def test_a_list_that_cannot_be_levels_is_refused_once_at_its_place(
    tmp_path, levels, at, message, hint
):
    text = f"{BASE}factors: {{model.stem: {levels}}}\n"
    _, wrong = load(tmp_path, text)
    line = text.splitlines()[2]
    assert f"x.yaml:3:{line.index(at, line.index(levels[1:])) + 1}" in wrong
    assert message in wrong
    assert hint in wrong
    assert wrong.endswith("\n1 error, nothing was run")


def test_true_and_1_are_not_the_same_value(tmp_path):
    study, wrong = load(tmp_path, f"{BASE}factors: {{model.stem: [1, true, 0, false]}}\n")
    assert not wrong
    assert labels(study) == [["1", "true", "0", "false"]]


def test_an_empty_item_is_no_null(tmp_path):
    _, wrong = load(tmp_path, f"{BASE}factors:\n  recipe.aa:\n    -\n    - rand-m9\n")
    assert "x.yaml:5:6" in wrong
    assert "write null, or delete it" in wrong


def test_a_variable_is_labelled_by_its_value(tmp_path):
    text = f"{BASE}factors: {{recipe.lr: [$RATE, 3e-4]}}\n"
    study, wrong = load(tmp_path, text, environment={"RATE": "1e-3"})
    assert not wrong
    assert labels(study) == [["1e-3", "3e-4"]]


def test_labels_that_are_numbers_need_no_quotes_anywhere(tmp_path):
    file = load_file(tmp_path, NUMBERED + EVERYWHERE)
    assert checked(file) == []
    study = file.study
    assert labels(study) == [["0", "0.1", "0.3"]]
    assert study.contrasts == (("0.3", "baseline"), ("0.1", "0.3"))
    assert set(study.published) == {"0.1"}
    assert study.expects["0.1"] == {"params": "same"}
    assert (study.factors[0].title, study.baseline_title) == ("2024", "0")
    claim = parse(study.claims[1], names(study, study.arms).owners, study.catalogue)
    assert (claim.arm, claim.other, claim.number) == ("0.1", "0", 0.2)


def test_quotes_change_nothing(tmp_path):
    quoted = NUMBERED.replace("0: 0.0, 0.1: ", '"0": 0.0, "0.1": ')
    quoted += EVERYWHERE.replace("[0.3, [0.1, 0.3]]", '["0.3", ["0.1", "0.3"]]')
    (plain, _), (other, _) = load(tmp_path, NUMBERED + EVERYWHERE), load(tmp_path, quoted)
    assert plain.contrasts == other.contrasts
    assert plain.factors == other.factors
    assert [arm.config for arm in plain.arms] == [arm.config for arm in other.arms]


def test_settings_of_the_command_line_need_no_quotes(tmp_path):
    settings = ["contrasts=[0.3, [0.1, 0.3]]", "titles={baseline: 0}"]
    study, wrong = load(tmp_path, NUMBERED, settings=settings)
    assert not wrong
    assert study.contrasts == (("0.3", "baseline"), ("0.1", "0.3"))
    assert study.baseline_title == "0"


def test_profiles_need_no_quotes(tmp_path):
    text = NUMBERED + "profiles: {big: {contrasts: [0.1], source: 2105.13677}}\n"
    study, wrong = load(tmp_path, text, profile="big")
    assert not wrong
    assert study.contrasts == (("0.1", "baseline"),)
    assert study.source == "2105.13677"


LABELS = ["yes", "null", "~", "true", "2024-01-01", "1_000", "0o10", "010", "1e3", ".5", "0x1F"]


def test_labels_that_yaml_reads_as_something_else_keep_their_text(tmp_path):
    levels = ", ".join(f"{label}: {n / 100}" for n, label in enumerate(LABELS))
    quoted = ["yes", "010"]  # refused as values, since YAML 1.1 reads them in another way
    rows = ", ".join(label for label in LABELS[1:] if label not in quoted)
    text = f"{BASE}factors: {{model.drop_path_rate: {{{levels}}}}}\ncontrasts: [{rows}]\n"
    text += f"published: {{{', '.join(f'{label}: {{top1: 1}}' for label in LABELS)}}}\n"
    file = load_file(tmp_path, text)
    assert checked(file) == []
    assert labels(file.study) == [LABELS]
    assert list(file.study.published) == LABELS


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("contrasts: [0.10]", "x.yaml:4:13"),
        ("published: {0.10: {top1: 70}}", "x.yaml:4:13"),
        ("expects: {0.10: {params: same}}", "x.yaml:4:11"),
        ("claims: [0.10 is worse than 0 on top1]", "x.yaml:4:10"),
    ],
)
def test_a_number_that_is_written_in_another_way_is_told_the_label(tmp_path, written, at):
    file = load_file(tmp_path, f"{NUMBERED}{written}\n")
    (problem,) = problems(file.study, file.places)
    assert 'did you mean "0.1"?' in problem.message
    assert str(problem.location).endswith(at)


def test_names_that_are_equal_numbers_are_likely():
    assert likely_name("0.001", ["1e-4", "1e-3"]) == "1e-3"
    assert likely_name("1", ["true", "1.0"]) == "1.0"
    assert likely_name("nan", ["inf"]) is None


@pytest.mark.heavy
def test_the_command_compares_arms_whose_labels_are_numbers(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text(NUMBERED)
    plan, store = StudyRequest(file, None, (), tmp_path / "results").plan()
    assert comparison(plan, store, "0.1", "0.3", None).labels == ("0.1", "0.3")
    with pytest.raises(SpecError, match=r'did you mean "0\.1"'):
        comparison(plan, store, "0.10", "0.3", None)


def test_a_study_of_python_values_has_numbers_as_labels(tmp_path):
    from study.spec.yaml import written

    levels = {0: 0.0, 0.1: 0.1}
    content = {"factors": {"model.drop_path_rate": levels}, "contrasts": [0.1]}
    study, wrong = load(tmp_path, BASE + written(content))
    assert not wrong
    assert json.dumps(labels(study)) == '[["0", "0.1"]]'
