"""A study file: what it says, and everything that is wrong with it, at its place."""

import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from study import format
from study.errors import SpecError
from study.metrics import METRICS
from study.plan import label_checks
from study.plan.identity import digest, resolved
from study.plan.label_checks import problems
from study.spec.designs import DESIGNS, arms
from study.spec.problems import report
from study.spec.reader import study_file
from study.spec.schema import Data, Recipe
from study.spec.study import Config, Study
from study.spec.vocabulary import Vocabulary, json_schema
from study.store.cost_records import ArmCost
from study.store.records import Shape
from tests.conftest import ROOT

VOCABULARY = Vocabulary(designs=DESIGNS, metrics=METRICS)
ABLATIONS = ROOT / "ablations"
GOOD = """\
question: How?
baseline:
  model: rest_lite
  data: digits
  recipe: {name: smoke, epochs: 2}
factors:
  model.reduction: {DW: depthwise, Avg: average}
  recipe.lr: {low: 1e-4, high: 1e-3}
  model: {whole: {}, bare: {attn_norm: false, head_mix: false}}
seeds: 2
columns: [params, top1]
published:
  Avg: {top1: 72.64, status: derived}
profiles:
  big: {baseline: {data: {img_size: 128}, recipe: {epochs: 9}}, seeds: [3, 5]}
"""


def load(tmp_path: Path, text: str, **options: object) -> tuple[Study | None, str]:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    environment = options.pop("environment", {})
    study, problems = study_file(path, vocabulary=VOCABULARY, environment=environment, **options)
    return study, report(problems).replace(str(tmp_path) + "/", "") if problems else ""


def test_a_study_says_what_its_file_says(tmp_path):
    study, wrong = load(tmp_path, GOOD)
    assert not wrong
    assert study.seeds == (0, 1)
    configs = [arm.config for arm in arms(study)]
    assert [dict(c.arguments) for c in configs] == [
        {"reduction": "depthwise"},
        {"reduction": "average"},
        {"reduction": "depthwise"},
        {"reduction": "depthwise", "attn_norm": False, "head_mix": False},
    ]
    assert [c.recipe.lr for c in configs] == [1e-4, 1e-4, 1e-3, 1e-4]
    assert configs[0].recipe.epochs == 2


def test_a_baseline_goes_by_its_level_of_each_factor(tmp_path):
    study, _ = load(tmp_path, GOOD)
    assert study.label((0, 0, 0)) == "baseline"
    assert [study.label((0, 0, 0), within=index) for index in range(3)] == ["DW", "low", "whole"]
    assert study.label((1, 0, 1)) == "Avg + bare"


def test_a_profile_merges_the_baseline_and_replaces_the_rest(tmp_path):
    study, wrong = load(tmp_path, GOOD, profile="big")
    assert not wrong
    assert study.seeds == (3, 5)
    config = study.arm((0, 0, 0)).config
    assert (config.data.name, config.data.img_size, config.recipe.epochs) == ("digits", 128, 9)


def test_a_part_with_a_name_of_its_own_replaces_the_whole(tmp_path):
    text = GOOD.replace("data: {img_size: 128}", "data: {name: torch/cifar10}")
    study, _ = load(tmp_path, text, profile="big")
    assert study.arm((0, 0, 0)).config.data.img_size == 224


def test_settings_change_single_keys(tmp_path):
    study, wrong = load(
        tmp_path, GOOD, settings=["recipe.epochs=7", "seeds=[4]", "model=test_rest"]
    )
    assert not wrong
    config = study.arm((0, 0, 0)).config
    assert (config.recipe.epochs, config.model, study.seeds) == (7, "test_rest", (4,))


@pytest.mark.parametrize("setting", ["seeds", "=3", ""])
def test_a_setting_without_key_and_value_is_refused(tmp_path, setting):
    with pytest.raises(SpecError, match="key=value"):
        load(tmp_path, GOOD, settings=[setting])


def test_a_variable_is_read_only_where_it_is_used(tmp_path):
    text = GOOD.replace("{img_size: 128}", "{name: folder, root: $HERE}")
    assert load(tmp_path, text)[1] == ""
    assert "$HERE is not set" in load(tmp_path, text, profile="big")[1]
    study, wrong = load(tmp_path, text, profile="big", environment={"HERE": "/data"})
    assert not wrong
    assert study.arm((0, 0, 0)).config.data.root == "/data"


@pytest.mark.parametrize(
    ("written", "value", "digits", "spread"),
    [
        ("72.60", 72.6, 2, 0.0),
        ("72.6 ± 0.2", 72.6, 1, 0.2),
        ('"72.60±0.25"', 72.6, 2, 0.25),
        ("72.6 +- 0.2", 72.6, 1, 0.2),
        ("72.6 +/- .2", 72.6, 1, 0.2),
        ("7 ± 1", 7.0, 0, 1.0),
        ("{value: 72.6 ± 0.2}", 72.6, 1, 0.2),
        ("{value: 72.6, spread: 0.3}", 72.6, 1, 0.3),
    ],
)
def test_a_published_number_may_have_a_spread(tmp_path, written, value, digits, spread):
    study, wrong = load(tmp_path, GOOD.replace("{top1: 72.64,", f"{{top1: {written},"))
    assert not wrong
    found = study.published["Avg"]["top1"]
    assert (found.value, found.digits, found.spread) == (value, digits, spread)
    text = format.with_spread(found.value, found.digits, found.spread)
    assert text == f"{value:.{digits}f}" + (f" ± {spread:g}" if spread else "")


@pytest.mark.parametrize("written", ["72.6 ±", "± 0.2", "72.6 ± -0.2", "about 72", "72,6 ± 0,2"])
def test_text_that_is_no_number_is_no_published_number(tmp_path, written):
    _, wrong = load(tmp_path, GOOD.replace("{top1: 72.64,", f'{{top1: "{written}",'))
    assert "x.yaml:13:15" in wrong
    assert "should be a valid number" in wrong


def test_a_published_number_without_a_status_is_unverified(tmp_path):
    study, _ = load(tmp_path, GOOD.replace(", status: derived", ", source: a paper"))
    assert study.published["Avg"]["top1"].status == "unverified"


BAD = {  # what is written instead, where it is told of, what is said
    "unknown key": ("seeds: 2", "seedz: 2", "x.yaml:10:1", 'did you mean "seeds"?'),
    "unknown recipe key": ("epochs: 2", "epocs: 2", "x.yaml:5:25", 'did you mean "epochs"?'),
    "wrong type": ("epochs: 2", "epochs: two", "x.yaml:5:33", "valid integer"),
    "out of range": ("epochs: 2", "epochs: -2", "x.yaml:5:33", "greater than or equal to 0"),
    "unknown recipe": ("name: smoke", "name: smok", "x.yaml:5:18", 'did you mean "smoke"?'),
    "unknown column": ("[params,", "[param,", "x.yaml:11:11", 'did you mean "params"?'),
    "unknown metric": ("{top1: 72", "{topp1: 72", "x.yaml:13:9", 'did you mean "top1"?'),
    "unknown status": ("derived", "guessed", "x.yaml:13:30", "'derived' or 'unverified'"),
    "not a path": ("model.reduction:", "modell.reduction:", "x.yaml:7:3", 'did you mean "model"?'),
    "one level": (", Avg: average", "", "x.yaml:7:3", "two levels"),
    "level of no recipe": ("high: 1e-3", "high: fast", "x.yaml:8:32", "valid number"),
    "duplicate": ("seeds: 2", "question: Why?", "x.yaml:10:1", "first on line 1"),
    "missing": ("  recipe: {name: smoke, epochs: 2}\n", "", "x.yaml:3:3", 'missing key "recipe"'),
    "in a profile": ("recipe: {epochs: 9}", "recipe: {epoch: 9}", "x.yaml:15:52", '"epochs"?'),
    "no mapping": ("baseline:\n", "baseline: 3\nx:\n", "x.yaml:2:11", "baseline"),
    "seed twice": ("seeds: 2", "seeds: [1, 1]", "x.yaml:10:8", "a seed is given twice"),
    "question is a list": ("question: How?", "question: [How]", "x.yaml:1:11", "valid string"),
    "claim is a mapping": (
        "seeds: 2",
        "claims:\n  - A: is\nseeds: 2",
        "x.yaml:11:5",
        "valid string",
    ),
    "epochs in a list": ("epochs: 2", "epochs: [2]", "x.yaml:5", "valid integer"),
    "column in a list": (
        "columns: [params, top1]",
        "columns: [[top1]]",
        "x.yaml:11:11",
        "valid string",
    ),
    "too many seeds": ("seeds: 2", "seeds: 100000", "x.yaml:10:8", "less than or equal to 1000"),
    "no column": ("columns: [params, top1]", "columns: []", "x.yaml:11:10", "at least 1 item"),
    "size of nothing": (
        "columns: [params, top1]",
        "columns: [macs@96]",
        "x.yaml:11:11",
        "top1, top5",
    ),
    "no label": ("bare: {att", "'': {att", "x.yaml", "cannot be the label of a row"),
    "no seed": ("seeds: 2", "seeds: []", "x.yaml:10:8", "at least 1 item"),
    "level of nothing": (
        "bare: {attn_norm: false, head_mix: false}",
        "bare:",
        "x.yaml:9:27",
        "mapping",
    ),
    "name of a part": (
        "model: {whole: {}, bare: {attn_norm: false, head_mix: false}}",
        "model.name: {a: rest_lite, b: test_rest}",
        "x.yaml:9:3",
        'vary "model"',
    ),
    "no data": ("data: digits", "data: digit", "x.yaml:4:9", 'did you mean "digits"?'),
    "idle key": (
        "data: digits",
        "data: {name: digits, class_map: x}",
        "x.yaml:4:9",
        "does not use",
    ),
    "profile of nothing": (
        "big: {baseline: {data: {img_size: 128}, recipe: {epochs: 9}}, seeds: [3, 5]}",
        "big: 3",
        "x.yaml:15:8",
        "a profile is a mapping",
    ),
    "two labels of one look": (
        "DW: depthwise, Avg:",
        'DW: depthwise, " DW ":',
        "x.yaml:7:36",
        "first on line 7",
    ),
    "soft hyphen in a label": (
        "DW:",
        '"D\\u00adW":',
        "x.yaml:7:21",
        "U+00AD SOFT HYPHEN at character 2",
    ),
    "boolean of YAML 1.1": (
        "attn_norm: false",
        "attn_norm: no",
        "x.yaml:9:40",
        "write true or false",
    ),
    "factor without levels": (
        "{DW: depthwise, Avg: average}",
        "average",
        "x.yaml:7:3",
        "write {label: value, label: value}",
    ),
    "levels that are lists have no label": (
        "{DW: depthwise, Avg: average}",
        "[[8, 4], [1, 1]]",
        "x.yaml:7:21",
        "write {8-4: [8, 4], label: value}",
    ),
    "one level twice in a list": (
        "{DW: depthwise, Avg: average}",
        "[average, average]",
        "x.yaml:7:30",
        "is listed twice",
    ),
    "huge number": ("seeds: 2", "seeds: 1e400", "x.yaml:10:8", "finite"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_mistake_is_told_with_its_place_and_its_cure(tmp_path, name):
    old, new, place, said = BAD[name]
    assert old in GOOD
    wrong = load(tmp_path, GOOD.replace(old, new, 1))[1]
    assert place in wrong, wrong
    assert said in wrong, wrong


RANGES = {
    "crop_pct: 87.5": ("recipe", "87.5", "crop_pct: input should be less than or equal to 1.5"),
    "crop_pct: 0.001": ("recipe", "0.001", "greater than or equal to 0.1, not 0.001"),
    "scale: [1.0, 0.08]": ("recipe", "[1.0", "scale: [1.0, 0.08] is no range"),
    "scale: [0.08, 2.0]": ("recipe", "2.0", "less than or equal to 1, not 2.0"),
    "ratio: [-1, 1]": ("recipe", "-1", "greater than or equal to 0.05, not -1"),
    "ratio: [2, 1]": ("recipe", "[2", "ratio: [2.0, 1.0] is no range"),
    "momentum: 1.0": ("recipe", "1.0", "less than 1, not 1.0"),
    "opt_betas: [0.9, 1.5]": ("recipe", "1.5", "less than 1, not 1.5"),
    "mean: [123.7, 116.3, 103.5]": ("data", "[123.7", "divided by 255: [0.485, 0.456, 0.406]"),
    "std: [58.4]": ("data", "[58.4", "std: give values for pixels in 0..1"),
    "mean: [0.1, 0.2]": ("data", "[0.1", "mean: 2 values; give 1, or 3"),
    "mean: [-0.5]": ("data", "-0.5", "greater than or equal to 0, not -0.5"),
    "grey_range: [5, 5]": ("data", "[5", "grey_range: [5.0, 5.0] is no range"),
}


@pytest.mark.parametrize("key", RANGES)
def test_a_number_out_of_its_range_is_told_at_its_place(tmp_path, key):
    part, at, said = RANGES[key]
    old = {"recipe": "epochs: 2", "data": "data: digits"}[part]
    new = {"recipe": f"epochs: 2, {key}", "data": f"data: {{name: folder, {key}}}"}[part]
    text = GOOD.replace(old, new, 1)
    wrong = load(tmp_path, text)[1]
    number, line = next((n, one) for n, one in enumerate(text.splitlines(), 1) if key in one)
    assert f"x.yaml:{number}:{line.index(at, line.index(key)) + 1}" in wrong, wrong
    assert said in wrong, wrong


def test_a_data_set_that_timm_does_not_open_is_told(tmp_path):
    wrong = load(tmp_path, GOOD.replace("data: digits", "data: {name: torch/svhn, root: x}"))[1]
    assert 'unknown data "torch/svhn"' in wrong
    assert "torch/cifar10, " in wrong


@pytest.mark.parametrize("name", ["two labels of one look", "one level twice in a list"])
def test_a_mistake_brings_no_others_with_it(tmp_path, name):
    old, new, _, _ = BAD[name]
    text = GOOD.replace(old, new, 1).replace("Avg: {top1: 72.64", "high: {top1: 72.64")
    assert load(tmp_path, text)[1].endswith("1 error, nothing was run")


def test_levels_may_be_a_list_of_values_which_are_their_labels(tmp_path):
    text = GOOD.replace("{DW: depthwise, Avg: average}", "[depthwise, average]")
    text = text.replace("{low: 1e-4, high: 1e-3}", "[1e-4, 0.0010]").replace("Avg:", "average:")
    study, wrong = load(tmp_path, text)
    assert not wrong
    labels = [[level.label for level in factor.levels] for factor in study.factors[:2]]
    assert labels == [["depthwise", "average"], ["1e-4", "0.0010"]]
    assert name_of(study, (1, 1, 0)) == name_of(load(tmp_path, GOOD)[0], (1, 1, 0))


def test_rows_claims_and_contrasts_find_labels_of_another_form(tmp_path):
    text = GOOD.replace("Avg: average", '"Moyenne e\u0301 x": average').replace(
        "  Avg: {", '  "Moyenne \u00e9\u00a0x": {'
    )
    claim = "' Moyenne e\u0301  x is better than baseline on top1'"
    text += f"claims: [{claim}]\ncontrasts: ['Moyenne \u00e9  x']\n"
    study, wrong = load(tmp_path, text)
    assert not wrong
    assert not problems(study, arms(study))


SHARED = GOOD.replace("bare: {", "Avg: {")


def test_a_label_of_several_arms_is_told_with_a_name_for_each(tmp_path):
    text = SHARED + "claims: [Avg is better than DW on top1]\ncontrasts: [Avg]\n"
    study, wrong = load(tmp_path, text)
    assert not wrong
    told = [str(problem) for problem in problems(study, arms(study))]
    assert len(told) == 3
    for one in told:
        assert '2 arms are called "Avg"' in one
        assert 'write "Avg (model.reduction)" or "Avg (model)"' in one


def test_the_name_that_is_told_for_a_shared_label_is_read(tmp_path):
    text = SHARED.replace("  Avg: {top1", "  Avg (model): {top1")
    text += "claims: [Avg (model) is better than DW on top1]\ncontrasts: [[Avg (model), DW]]\n"
    study, wrong = load(tmp_path, text)
    assert not wrong
    assert not problems(study, arms(study))


def test_rows_of_no_arm_are_looked_up_as_often_as_they_are_shown(tmp_path, monkeypatch):
    rows = "".join(f"  Row {n}: {{top1: 7}}\n" for n in range(300))
    study, wrong = load(tmp_path, GOOD.replace("published:\n", f"published:\n{rows}"))
    assert not wrong
    calls = []
    monkeypatch.setattr(label_checks, "unknown", lambda *words: calls.append(words) or "unknown")
    told = problems(study, arms(study))
    assert len(told) == 300
    assert len(calls) == 30


def test_a_file_with_a_byte_order_mark_is_read(tmp_path):
    (tmp_path / "x.yaml").write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    study, wrong = study_file(tmp_path / "x.yaml", vocabulary=VOCABULARY, environment={})
    assert not wrong
    assert study.seeds == (0, 1)


def test_all_mistakes_come_at_once(tmp_path):
    text = GOOD.replace("seeds: 2", "seedz: 2").replace("epochs: 2", "epochs: -2")
    wrong = load(tmp_path, text.replace("[params", "[parms"))[1]
    assert wrong.endswith("3 errors, nothing was run")


def test_a_file_that_is_not_there_names_those_that_are(tmp_path):
    (tmp_path / "stem.yaml").touch()
    with pytest.raises(SpecError, match=r"did you mean .*stem\.yaml"):
        study_file(tmp_path / "stm.yaml", vocabulary=VOCABULARY, environment={})


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SpecError, match="not a text file"):
        study_file(tmp_path / "x.yaml", vocabulary=VOCABULARY, environment={})


def mutated(text: str, cuts: list[tuple[int, int, str]]) -> str:
    for start, length, new in cuts:
        at = start % (len(text) + 1)
        text = text[:at] + new + text[at + length :]
    return text


PIECES = st.one_of(
    st.sampled_from([*"{}[]:,-&*!|>'\"%@`#\n\t ", "null", "1e9", "- ", ": ", "$X", "model"]),
    st.text(max_size=3),
)
CUTS = st.lists(st.tuples(st.integers(0, 600), st.integers(0, 12), PIECES), min_size=1, max_size=4)


def _survives(folder: Path, cuts: list[tuple[int, int, str]]) -> None:
    path = folder / "m.yaml"
    path.write_text(mutated(GOOD, cuts), encoding="utf-8", errors="replace")
    try:
        study, problems = study_file(path, vocabulary=VOCABULARY, environment={})
        assert study is not None or problems
        if problems:
            report(problems)
        if study is not None:
            arms(study)
    except SpecError:
        pass


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(cuts=CUTS)
def test_no_mutation_of_a_file_gives_a_traceback(tmp_path_factory, cuts):
    _survives(tmp_path_factory.getbasetemp(), cuts)


@pytest.mark.slow
@settings(max_examples=4000, deadline=None, suppress_health_check=list(HealthCheck))
@given(cuts=CUTS)
def test_no_mutation_of_thousands_gives_a_traceback(tmp_path_factory, cuts):
    _survives(tmp_path_factory.getbasetemp(), cuts)


ODD = ["\u2028", "\x85", "\ufeff", "\u200d", "e\u0301", "\xa0", "%YAML 1.1\n", "<<: "]
BYTES = st.one_of(st.binary(max_size=4), st.sampled_from([odd.encode() for odd in ODD]))
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["delete", "double", "swap", "insert"]),
        st.integers(0, 2000),
        st.integers(1, 40),
        BYTES,
    ),
    min_size=1,
    max_size=5,
)


def changed(text: bytes, changes: list[tuple[str, int, int, bytes]]) -> bytes:
    """`text` with parts of it deleted, doubled, swapped with the next, or preceded by more."""
    for kind, where, length, new in changes:
        at = where % (len(text) + 1)
        part, after = text[at : at + length], text[at + length : at + 2 * length]
        middle = {"delete": b"", "double": part * 2, "insert": new + part}.get(kind, part)
        rest = text[at + length :]
        text = text[:at] + (after + part + rest[length:] if kind == "swap" else middle + rest)
    return text


def _has_a_place(folder: Path, changes: list[tuple[str, int, int, bytes]]) -> None:
    path = folder / "b.yaml"
    path.write_bytes(changed(FULL.encode(), changes))
    try:
        study, wrong = study_file(path, vocabulary=VOCABULARY, environment={})
        if study is not None and not wrong:
            wrong = problems(study, arms(study))
    except SpecError:  # of the file as a whole, or of a design
        return
    assert study is not None or wrong
    lines = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n") + 1
    for one in wrong:
        own = one.location.source == str(path)
        assert not own or one.location.line < lines
        assert str(one).startswith("error: ")
    assert not wrong or report(wrong).endswith("nothing was run")


FULL = (
    GOOD
    + """\
claims: [Avg is worse than DW on top1 by 0.24, high ranks last on top1]
contrasts: [Avg, [high, bare]]
expects: {model.reduction: {params: less}}
margins: {top1: 0.2}
protocol: {data: ImageNet-1k, epochs: 100}
timing: {batch_size: 16, seconds: 2}
design: [one_at_a_time, factorial]
"""
)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(changes=CHANGES)
def test_a_file_with_changed_bytes_is_read_or_told_with_a_place(tmp_path_factory, changes):
    _has_a_place(tmp_path_factory.getbasetemp(), changes)


@pytest.mark.slow
@settings(max_examples=4000, deadline=None, suppress_health_check=list(HealthCheck))
@given(changes=CHANGES)
def test_thousands_of_changed_files_are_read_or_told_with_a_place(tmp_path_factory, changes):
    _has_a_place(tmp_path_factory.getbasetemp(), changes)


# ---- identity ----


def card(arguments):
    shape = Shape(num_classes=10, in_chans=3, img_size=64)
    built = {"model": "rest_lite", "arguments": arguments, "shape": shape, "defaults": {}}
    return ArmCost(**built, slots={}, code={}, cost={})


def name_of(study: Study, choices: tuple[int, ...] = (0, 0, 0), **arguments: object) -> str:
    config = study.arm(choices).config
    defaults = {"reduction": "depthwise", "attn_norm": True, "head_mix": True}
    full = resolved(config, card({**defaults, **config.arguments, **arguments}))
    return digest(full, defaults)


def test_a_default_written_out_is_the_same_trial(tmp_path):
    plain, _ = load(tmp_path, GOOD)
    spelt, _ = load(tmp_path, GOOD.replace("epochs: 2", "epochs: 2, momentum: 0.9"))
    assert name_of(plain) == name_of(spelt)


def test_where_a_known_set_lies_is_not_what_is_computed(tmp_path):
    here, _ = load(tmp_path, GOOD, settings=["data={name: torch/cifar10, root: /a}"])
    other = "data={name: torch/cifar10, root: /b, download: true}"
    there, _ = load(tmp_path, GOOD, settings=[other])
    assert name_of(here) == name_of(there)


def test_a_folder_is_named_by_its_place_as_the_file_says_it(tmp_path):
    text = GOOD.replace("data: digits", "data: {name: folder, root: $HERE}")
    here, _ = load(tmp_path, text, environment={"HERE": "/a"})
    moved, _ = load(tmp_path, text, environment={"HERE": "/b"})
    other, _ = load(tmp_path, text.replace("$HERE", "/c"))
    assert name_of(here) == name_of(moved) != name_of(other)


def test_a_number_may_come_from_the_environment(tmp_path):
    study, wrong = load(tmp_path, GOOD.replace("seeds: 2", "seeds: $N"), environment={"N": "3"})
    assert not wrong
    assert study.seeds == (0, 1, 2)


def test_the_order_of_factors_changes_nothing(tmp_path):
    whole = "  model: {big: {}, small: test_rest}\n"
    text = GOOD.replace("  model: {whole: {}, bare: {attn_norm: false, head_mix: false}}\n", "")
    studies = [
        load(tmp_path, text.replace("factors:\n", "factors:\n" + whole))[0],
        load(tmp_path, text.replace("\nseeds:", "\n" + whole + "seeds:"))[0],
    ]
    assert name_of(studies[0], (1, 1, 0)) == name_of(studies[1], (1, 0, 1))


def test_what_is_computed_is(tmp_path):
    study, _ = load(tmp_path, GOOD)
    other, _ = load(tmp_path, GOOD, settings=["data.img_size=96"])
    names = [name_of(study), name_of(study, (1, 0, 0)), name_of(study, (0, 1, 0)), name_of(other)]
    assert len(set(names)) == 4


def test_names_do_not_move():
    """Stored results are found by these; raise identity.IDENTITY when one has to change."""
    config = Config("rest_lite", {}, Data(name="digits", img_size=64), Recipe(epochs=2, lr=1e-3))
    full = resolved(config, card({"reduction": "average", "attn_norm": True}))
    assert digest(full, {"reduction": "depthwise", "attn_norm": True}) == "a0472ddc45"


# ---- editors ----


def schema() -> dict[str, object]:
    return json_schema(VOCABULARY)


def test_the_schema_that_ships_is_current():
    assert json.loads((ABLATIONS / "study.schema.json").read_text()) == schema()


@pytest.mark.parametrize("file", sorted(ABLATIONS.glob("*.yaml")), ids=lambda f: f.stem)
def test_every_study_that_ships_fits_its_schema(file):
    jsonschema.validate(YAML(typ="safe").load(file.read_text()), schema())
    assert "$schema=study.schema.json" in file.read_text().splitlines()[0]
