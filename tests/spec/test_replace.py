"""Modules that a study replaces are part of what its trials compute, and mistakes have a place."""

import json

import pytest

from study.api.request import StudyRequest
from study.errors import StudyError
from tests.conftest import ROOT

EXAMPLE = ROOT / "examples" / "surgery.yaml"
FACTORS = "model.reduction: {DW: depthwise, Avg: average}"
LEVELS = 'model.replace: {full: {}, no attention: {"blocks.*.attn": identity}}'
RATES = "recipe.lr: {low: 1.0e-3, high: 2.0e-3}"


@pytest.fixture
def planned(tiny, monkeypatch):
    """planned(factors, model): the plan of the tiny study about a model."""
    monkeypatch.chdir(tiny.parent)
    text = tiny.read_text()

    def plan(factors, model="test_vit"):
        tiny.write_text(text.replace("test_rest", model).replace(FACTORS, factors))
        return StudyRequest(tiny, None, (), tiny.parent / "results").plan()[0]

    return plan


def digests(plan):
    return [arm.digest for arm in plan.arms]


def test_nothing_replaced_has_the_names_of_before(planned):
    plain = digests(planned(RATES))
    assert digests(planned(RATES, "{name: test_vit, replace: {}}")) == plain
    assert digests(planned(LEVELS))[0] == plain[0]
    rest = digests(planned(RATES, "test_rest"))
    assert digests(planned(RATES, "{name: test_rest, replace: {}}")) == rest


def test_the_order_of_patterns_changes_no_name(planned):
    first = "{name: test_vit, replace: {blocks.0: identity, blocks.1.attn: identity}}"
    second = "{name: test_vit, replace: {blocks.1.attn: identity, blocks.0: identity}}"
    names = digests(planned(RATES, first))
    assert names == digests(planned(RATES, second))
    assert names != digests(planned(RATES))


def test_a_level_is_counted_and_labelled(planned):
    plan = planned(LEVELS)
    whole, less = plan.arms
    assert less.label == "no attention"
    assert less.cost_record.cost["params"] < whole.cost_record.cost["params"]
    assert less.config.parts["model"]["arguments"] == {"replace": {"blocks.*.attn": "identity"}}


def test_closed_forms_are_not_asked_of_a_replaced_model(planned):
    levels = 'model.replace: {full: {}, none: {"stages.*.blocks.*.attn": identity}}'
    plan = planned(levels, "test_rest")
    assert [{*arm.cost_record.counts} for arm in plan.arms] == [
        {"formula", "torch", "fvcore"},
        {"torch", "fvcore"},
    ]


MISTAKES = {
    '{"blocks.*.attn": identity, "blocks.*.mpl": zero}': ('"blocks.*.mpl"', "did you mean"),
    '{"blocks.*.atn": zero}': ('"blocks.*.atn"', 'did you mean "blocks.*.attn"'),
    '{"blocks.*.attn": avgpol}': ('"blocks.*.attn"', 'did you mean "avgpool"'),
    "{norm: identity, patch_embed.proj: zero}": ("patch_embed.proj", "cannot replace"),
    '{"blocks.*.attn": zero}': ("{", "no gradient reaches blocks.0.norm1.weight"),
    "{blocks.0.ls1: identity}": ("{", "changes nothing"),
    "attn": ("attn", "maps patterns of module names to replacements"),
}


@pytest.mark.parametrize("level", MISTAKES)
def test_a_mistake_is_shown_at_its_pattern(level, planned):
    place, complaint = MISTAKES[level]
    factors = f"model.replace: {{full: {{}}, less: {level}}}"
    with pytest.raises(StudyError) as refused:
        planned(factors)
    column = 2 + factors.index(level) + level.index(place) + 1
    assert complaint in str(refused.value)
    assert f"tiny.yaml:7:{column}\n" in str(refused.value)


def test_every_wrong_pattern_is_told_at_once(planned):
    with pytest.raises(StudyError) as refused:
        planned(RATES, "{name: test_vit, replace: {blocks.9: zero, blocks.0.atn: zero}}")
    assert "2 errors" in str(refused.value)


@pytest.mark.heavy
def test_the_example_plans(inside, tmp_path):
    done = inside("plan", EXAMPLE, "--store", tmp_path / "store", "--on", "slurm", "--json")
    assert done.returncode == 0, done.stderr
    full, *rest = (arm["cost"] for arm in json.loads(done.stdout)["arms"])
    assert len(rest) == 4
    assert all(cost["params"] < full["params"] for cost in rest)


# ---- the tree that names the modules ----


def test_equal_siblings_are_one_row(inside):
    done = inside("parts", "test_vit", "--img-size", "64")
    assert done.returncode == 0, done.stderr
    assert "blocks.0-5.attn" in done.stdout
    assert "(1, 17, 64)" in done.stdout


def test_the_tree_is_a_document_and_adds_up(inside):
    document = json.loads(inside("parts", "test_rest", "--depth", "1", "--json").stdout)
    assert document["img_size"] == 64
    for key in ("params", "macs"):
        assert sum(module[key] for module in document["modules"]) == document[key]
    assert not any(module["modules"] for module in document["modules"])


def test_the_tree_is_that_of_the_model_with_its_arguments(inside):
    model = "{name: test_vit, replace: {blocks.0: identity}}"
    done = inside("parts", model, "--img-size", "64", "--depth", "2")
    assert "blocks.0 " in done.stdout
    assert "blocks.1-5" in done.stdout


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["test_vitt"], 'did you mean "test_vit"'),
        (["test_vit", "--img-size", "50"], "takes no images of 50 px"),
        (["{model: test_vit}"], "{name: NAME, ARGUMENT: VALUE} is meant"),
    ],
)
def test_a_wrong_request_for_a_tree_is_told_with_status_2(inside, words, complaint):
    done = inside("parts", *words)
    assert done.returncode == 2
    assert complaint in done.stderr
