"""What a plan proves of every level before anything runs."""

import pytest
from torch import nn

from study.api.request import StudyRequest
from study.errors import SpecError
from study.models.parts.reductions import REDUCTIONS, Average

UNIFORM = "{name: test_rest, ratios: [1, 1, 1, 1]}"


@pytest.fixture
def planned(tiny):
    """planned(old=new, ...): the plan of the tiny study with text replaced."""

    def changed(*changes, **fields):
        text = tiny.read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        tiny.write_text(text + "".join(f"{key}: {value}\n" for key, value in fields.items()))
        return StudyRequest(tiny, None, (), tiny.parent / "results").plan()[0]

    return changed


def refusal(planned, *changes, **fields):
    with pytest.raises(SpecError) as refused:
        planned(*changes, **fields)
    return str(refused.value)


FACTORS = "model.reduction: {DW: depthwise, Avg: average}"


def test_a_size_that_the_model_cannot_take_is_an_error_at_its_level(planned):
    text = refusal(planned, (FACTORS, "data.img_size: [64, 32]"))
    (line,) = [row for row in text.splitlines() if "data.img_size" in row]
    (marks,) = [row for row in text.splitlines() if "^" in row]
    assert marks.index("^^") == line.index("32]")


# ---- levels that do nothing ----


def test_a_level_that_does_nothing_is_an_error_at_its_line(planned):
    message = refusal(planned, ("test_rest", UNIFORM))
    assert '"Avg" changes nothing' in message
    assert "tiny.yaml:7:41" in message
    assert "1 error, nothing was run" in message


def test_models_that_compute_the_same_can_be_compared_by_speed(planned):
    same = ("test_rest", UNIFORM)
    untrained = ("seeds: 2", "seeds: 0")
    (note,) = planned(same, untrained, ("[params, macs, top1]", "[throughput]")).notes
    assert note.startswith("Avg: parameters, cost and output are the baseline's")
    assert '"Avg" changes nothing' in refusal(planned, ("[throughput]", "[params]"))


def test_a_level_that_acts_in_training_only_does_something(planned):
    assert planned((FACTORS, "model.attn_drop_rate: {none: 0.0, some: 0.5}")).notes == ()


def test_a_level_that_costs_the_same_and_answers_otherwise_does_something(planned):
    planned((FACTORS, "model.reduction: {Avg: average, Max: maximum}"))


def test_a_level_that_does_nothing_beside_others_is_a_note(planned):
    ratios = "model.ratios: {EMSA: [8, 4, 2, 1], MSA: [1, 1, 1, 1]}"
    plan = planned((FACTORS, f"{FACTORS}\n  {ratios}"), design="factorial")
    (note,) = plan.notes
    assert note == "model.reduction Avg changes nothing in Avg + MSA: differences there are noise"


@pytest.mark.parametrize(
    "factor",
    [
        "recipe.decay_epochs: {ten: 10, twenty: 20}",
        "recipe.mixup_mode: {batch: batch, pair: pair}",
        "recipe.amp_dtype: {half: float16, brain: bfloat16}",
    ],
)
def test_a_key_of_the_recipe_that_nothing_reads_is_dead(planned, factor):
    assert "changes nothing" in refusal(planned, (FACTORS, factor))


def test_a_switch_behind_gates_that_start_at_zero_does_something(planned):
    planned(
        ("test_rest", "test_resnet"), (FACTORS, "model.drop_path_rate: {none: 0.0, tenth: 0.1}")
    )


def test_the_fast_path_is_of_rest_and_pvt_alone(planned):
    fast = "recipe.fast_path: {plain: false, fast: true}"
    assert planned((FACTORS, fast)).arms[1].trials
    message = refusal(planned, ("model: test_rest", "model: test_resnet"))
    assert "fast_path: test_resnet has none (ResT and PVT have)" in message


def test_arms_that_surgery_leaves_out_of_the_fast_path_are_named(planned):
    swap = 'model.replace: {plain: {}, none: {"**.mlp.act": identity}}'
    assert not any("fast path" in note for note in planned((FACTORS, swap)).notes)
    plan = planned(("seeds:", "timing: {path: fast}\nseeds:"))
    assert any("fast path leaves" in note and note.endswith(": none") for note in plan.notes)


def test_a_key_of_the_recipe_that_is_read_is_not(planned):
    planned((FACTORS, "recipe.lr: {low: 1.0e-3, high: 2.0e-3}"))


# ---- gradients ----


class Idle(Average):
    """Average pooling with a parameter that nothing uses."""

    def __init__(self, channels, ratio, **dd):
        super().__init__(channels, ratio)
        self.gate = nn.Parameter(nn.Conv2d(1, channels, 1, **dd).weight)


def test_a_parameter_that_no_gradient_reaches_is_an_error(planned, monkeypatch):
    monkeypatch.setitem(REDUCTIONS, "idle", Idle)
    message = refusal(planned, ("Avg: average", "Idle: idle"))
    assert "Idle: no gradient reaches stages.0.blocks.0.attn.reduce.shrink.gate" in message


# ---- expectations ----


def test_a_cost_that_follows_its_formula_is_as_expected(planned):
    ratios = "model.ratios: {one: [1, 1, 1, 1], two: [2, 2, 2, 2]}"
    assert planned((FACTORS, ratios), expects="{model.ratios: {macs_matmul: 1/r^2}}").arms


def test_a_cost_that_does_not_is_an_error_with_both_numbers(planned):
    ratios = "model.ratios: {one: [1, 1, 1, 1], two: [2, 2, 2, 2]}"
    message = refusal(planned, (FACTORS, ratios), expects="{model.ratios: {macs_matmul: 1/r}}")
    assert "macs_matmul of two is 0.25 times the first level's; 1/r: 0.5" in message


@pytest.mark.parametrize(
    ("expects", "words"),
    [
        ("{Avg: {params: more}}", "params of Avg is not more"),
        ("{Avg: {top1: more}}", "only costs are known before anything runs"),
        ("{Average: {params: less}}", 'unknown factor or arm "Average"; did you mean "Avg"?'),
        ("{Avg: {param: less}}", 'unknown metric "param"; did you mean "params"?'),
        ("{model.reduction: {params: fewer}}", "neither same, more, less nor a formula"),
        ("{model.reduction: {params: 1/r}}", "a formula needs levels of one number each"),
        ("{Avg: {params: 1/r}}", "a formula needs the path of a factor"),
    ],
)
def test_an_expectation_that_fails_or_makes_no_sense_is_told(planned, expects, words):
    assert words in refusal(planned, expects=expects)


@pytest.mark.heavy
def test_an_expectation_holds_wherever_the_factor_departs(planned):
    factors = f"{FACTORS}\n  model.attn_norm: {{IN: true, no: false}}"
    fields = {"design": "cumulative", "expects": "{model.attn_norm: {params: more}}"}
    assert "params of Avg + no is not more" in refusal(planned, (FACTORS, factors), **fields)
