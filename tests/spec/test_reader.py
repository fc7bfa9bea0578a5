"""A study file: how it is read."""

import pytest

from study import format
from study.errors import SpecError
from study.plan import label_checks
from study.plan.label_checks import problems
from study.spec.reader import study_text, text_of
from tests.catalogue import METRICS
from tests.spec.study_files import GOOD, VOCABULARY, load, load_file, name_of


def test_a_study_says_what_its_file_says(tmp_path):
    study, wrong = load(tmp_path, GOOD)
    assert not wrong
    assert study.seeds == (0, 1)
    configs = [arm.config for arm in study.arms]
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
    config = study.arms[0].config
    assert (config.data.name, config.data.img_size, config.recipe.epochs) == ("digits", 128, 9)


def test_a_part_with_a_name_of_its_own_replaces_the_whole(tmp_path):
    text = GOOD.replace("data: {img_size: 128}", "data: {name: torch/cifar10}")
    study, _ = load(tmp_path, text, profile="big")
    assert study.arms[0].config.data.img_size == 224


def test_settings_change_single_keys(tmp_path):
    study, wrong = load(
        tmp_path, GOOD, settings=["recipe.epochs=7", "seeds=[4]", "model=test_rest"]
    )
    assert not wrong
    config = study.arms[0].config
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
    assert study.arms[0].config.data.root == "/data"


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
    accuracy = study.published["Avg"]["top1"]
    assert (accuracy.value, accuracy.digits, accuracy.spread) == (value, digits, spread)
    text = format.with_spread(accuracy.value, accuracy.digits, accuracy.spread)
    assert text == f"{value:.{digits}f}" + (f" ± {spread:g}" if spread else "")


@pytest.mark.parametrize("written", ["72.6 ±", "± 0.2", "72.6 ± -0.2", "about 72", "72,6 ± 0,2"])
def test_text_that_is_no_number_is_no_published_number(tmp_path, written):
    _, wrong = load(tmp_path, GOOD.replace("{top1: 72.64,", f'{{top1: "{written}",'))
    assert "x.yaml:13:15" in wrong
    assert "should be a valid number" in wrong


def test_a_published_number_without_a_status_is_unverified(tmp_path):
    study, _ = load(tmp_path, GOOD.replace(", status: derived", ", source: a paper"))
    assert study.published["Avg"]["top1"].status == "unverified"


def test_levels_may_be_a_list_of_values_which_are_their_labels(tmp_path):
    text = GOOD.replace("{DW: depthwise, Avg: average}", "[depthwise, average]")
    text = text.replace("{low: 1e-4, high: 1e-3}", "[1e-4, 0.0010]").replace("Avg:", "average:")
    study, wrong = load(tmp_path, text, settings=["design=factorial"])
    assert not wrong
    labels = [[level.label for level in factor.levels] for factor in study.factors[:2]]
    assert labels == [["depthwise", "average"], ["1e-4", "0.0010"]]
    assert name_of(study, (1, 1, 0)) == name_of(
        load(tmp_path, GOOD, settings=["design=factorial"])[0], (1, 1, 0)
    )


def test_rows_claims_and_contrasts_find_labels_of_another_form(tmp_path):
    text = GOOD.replace("Avg: average", '"Moyenne e\u0301 x": average').replace(
        "  Avg: {", '  "Moyenne \u00e9\u00a0x": {'
    )
    claim = "' Moyenne e\u0301  x is better than baseline on top1'"
    text += f"claims: [{claim}]\ncontrasts: ['Moyenne \u00e9  x']\n"
    file = load_file(tmp_path, text)
    assert not file.problems
    assert not problems(file.study, file.places)


SHARED = GOOD.replace("bare: {", "Avg: {")


def test_a_label_of_several_arms_is_told_with_a_name_for_each(tmp_path):
    text = SHARED + "claims: [Avg is better than DW on top1]\ncontrasts: [Avg]\n"
    file = load_file(tmp_path, text)
    assert not file.problems
    messages = [str(problem) for problem in problems(file.study, file.places)]
    assert len(messages) == 3
    for message in messages:
        assert '2 arms are called "Avg"' in message
        assert 'write "Avg (model.reduction)" or "Avg (model)"' in message


def test_the_name_that_is_told_for_a_shared_label_is_read(tmp_path):
    text = SHARED.replace("  Avg: {top1", "  Avg (model): {top1")
    text += "claims: [Avg (model) is better than DW on top1]\ncontrasts: [[Avg (model), DW]]\n"
    file = load_file(tmp_path, text)
    assert not file.problems
    assert not problems(file.study, file.places)


def test_rows_of_no_arm_are_looked_up_as_often_as_they_are_shown(tmp_path, monkeypatch):
    rows = "".join(f"  Row {n}: {{top1: 7}}\n" for n in range(300))
    file = load_file(tmp_path, GOOD.replace("published:\n", f"published:\n{rows}"))
    assert not file.problems
    calls = []
    monkeypatch.setattr(label_checks, "unknown", lambda *words: calls.append(words) or "unknown")
    mistakes = problems(file.study, file.places)
    assert len(mistakes) == 300
    assert len(calls) == 30


def test_a_file_with_a_byte_order_mark_is_read(tmp_path):
    (tmp_path / "x.yaml").write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    file = study_text(
        text_of(tmp_path / "x.yaml"), tmp_path / "x.yaml", vocabulary=VOCABULARY, environment={}
    )
    assert not file.problems
    assert file.study.seeds == (0, 1)


def test_a_file_that_is_not_there_names_those_that_are(tmp_path):
    (tmp_path / "stem.yaml").touch()
    with pytest.raises(SpecError, match=r"did you mean .*stem\.yaml"):
        study_text(
            text_of(tmp_path / "stm.yaml"),
            tmp_path / "stm.yaml",
            vocabulary=VOCABULARY,
            environment={},
        )


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SpecError, match="not a text file"):
        study_text(
            text_of(tmp_path / "x.yaml"), tmp_path / "x.yaml", vocabulary=VOCABULARY, environment={}
        )


def test_a_profile_that_holds_profiles_is_refused(tmp_path):
    text = GOOD.replace("  big: {", "  big: {profiles: {x: {seeds: 5}}, ")
    for profile in (None, "big"):
        _, errors = load(tmp_path, text, profile=profile)
        assert errors.count("a profile cannot hold profiles") == 1


def test_a_file_says_how_its_metrics_are_printed(tmp_path):
    text = GOOD.replace("seeds: 2", "metrics: {top1: {label: Acc., digits: 1}}\nseeds: 2")
    study, wrong = load(tmp_path, text)
    assert not wrong
    catalogue = study.catalogue
    assert (catalogue["top1"].label, catalogue["top1"].digits) == ("Acc.", 1)
    assert catalogue["top1@96"].label == "Acc. at 96 px"
    assert catalogue["throughput@b8"].label == "Throughput, batch 8"
    assert catalogue["throughput@b8@fast"].label == "Throughput, batch 8, fast path"
    assert catalogue["top5"] == METRICS["top5"]
    for unknown in ("throughput@fast@b8", "throughput@fast@fast", "top1@fast", "throughput@slow"):
        assert unknown not in catalogue


def test_both_paths_have_columns_beside_each_other(tmp_path):
    columns = "columns: [params, throughput@b8, throughput, throughput@fast, top1]"
    text = f"{GOOD.partition('columns')[0]}{columns}\ntiming: {{path: both}}\n"
    study, wrong = load(tmp_path, text)
    assert not wrong
    first, *rest = ("throughput@b8", "throughput@b8@fast", "throughput", "throughput@fast")
    assert study.columns == ("params", first, *rest, "top1")
