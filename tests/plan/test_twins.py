"""Twins: arms refitted in width until they cost what the baseline costs."""

import sys

import pytest
import torch
from fvcore.nn import FlopCountAnalysis

from study.analysis.analysis import Analysis
from study.api.request import StudyRequest
from study.errors import SpecError, StudyError
from study.models import build
from study.plan.comparisons import contrasts
from study.report.blocks import arm_blocks
from study.report.tables.main import table
from study.report.text.definitions import definitions
from study.spec.study import Arm
from study.store.records import TrialConfig
from study.tasks.arms import ResolvedArm
from study.tasks.classification.config import Config
from study.tasks.classification.plan.widths import width
from study.tasks.classification.records import ModelCost, Shape
from study.tasks.classification.schema import Data, Recipe
from tests.conftest import ROOT
from tests.registries import restorer

TWINS = """\
question: Are fewer keys worse at equal cost?
baseline:
  model: {name: rest_lite, dims: [32, 64, 128, 256]}
  data: {name: digits, img_size: 64, train_limit: 64, val_limit: 40}
  recipe: {name: smoke, epochs: 3}
factors:
  model.reduction: {DW: depthwise, Avg: average}
  model.ratios: {EMSA: [8, 4, 2, 1], MSA: [1, 1, 1, 1]}
  recipe.lr: {low: 1.0e-3, high: 3.0e-3}
match: MATCH
seeds: 2
columns: [params, macs, top1]
"""
IMAGE = {"num_classes": 10, "in_chans": 3, "img_size": 64}


TOY = ROOT / "tests/tasks/toy.py"


@pytest.fixture(autouse=True)
def _registries():
    restore = restorer()
    yield
    restore()
    sys.modules.pop("toy", None)


@pytest.fixture
def planned(tiny):
    def plan(match="{macs: 0.01}", *changes, **fields):
        text = TWINS.replace("MATCH", match)
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        tiny.write_text(text + "".join(f"{key}: {value}\n" for key, value in fields.items()))
        return StudyRequest(tiny, None, (), tiny.parent / "results").plan()

    return plan


def refusal(planned, *words, **fields):
    with pytest.raises(SpecError) as refused:
        planned(*words, **fields)
    return str(refused.value)


def counted(arm):
    """Multiply-adds by fvcore alone, of the model that the trials of an arm build."""
    arguments = {k: v for k, v in arm.config.plain["model"]["arguments"].items() if v is not False}
    model = build("rest_lite", arguments, **IMAGE).eval()
    counter = FlopCountAnalysis(model, torch.zeros(1, 3, 64, 64))
    counter.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    return counter.total()


@pytest.mark.heavy
def test_a_twin_costs_what_the_baseline_costs(planned):
    plan, _ = planned()
    labels = [arm.label for arm in plan.arms]
    assert labels == ["baseline", "Avg", "MSA", "MSA (matched)", "high"]
    base, arm, twin = plan.arms[0], plan.arms[2], plan.arms[3]
    assert abs(twin.cost_record.cost["macs"] / base.cost_record.cost["macs"] - 1) <= 0.01
    assert arm.cost_record.cost["macs"] > 1.3 * base.cost_record.cost["macs"]
    # Another counter, with other rules for what counts.
    assert abs(counted(twin) / counted(base) - 1) <= 0.03 < counted(arm) / counted(base) - 1
    assert twin.digest not in {arm.digest, base.digest}
    assert [trial.seed for trial in twin.trials] == [0, 1]
    dims = twin.config.plain["model"]["arguments"]["dims"]
    assert dims == twin.arm.refit.value
    assert all(dim % 8 == 0 for dim in dims)
    assert twin.arm.choices == arm.arm.choices


@pytest.mark.heavy
def test_the_other_arms_keep_their_names(planned):
    with_twins, _ = planned()
    without, _ = planned("null")
    assert [arm.digest for arm in without.arms] == [
        arm.digest for arm in with_twins.arms if not arm.arm.is_twin
    ]
    assert "no Avg (matched): the cost is the baseline's within 1 %" in with_twins.notes
    assert "no high (matched): the model is the baseline's" in with_twins.notes
    assert any(note.startswith("MSA (matched): model.dims [") for note in with_twins.notes)
    assert not without.notes


def _definitions(analysis):
    return " ".join(definitions(analysis, table(analysis)))


@pytest.mark.heavy
def test_a_twin_stands_under_its_arm_and_the_caption_says_what_was_matched(planned):
    plan, store = planned("{params: 0.05, by: model.dims, multiple: 4}")
    (rows,) = [block.rows for block in arm_blocks(planned()[0]) if block.key == "model.ratios"]
    assert [label for label, _ in rows] == ["EMSA", "MSA", "MSA (matched)"]
    assert "(matched)" not in _definitions(Analysis(plan, store))  # all have its parameters
    plan, store = planned()
    caption = _definitions(Analysis(plan, store))
    assert "(matched): the arm of that name with its width scaled to the MACs of ●" in caption
    assert "within 1 %." in caption


@pytest.mark.heavy
def test_twins_are_arms_of_contrasts_and_claims(planned):
    plan, _ = planned(
        contrasts="[[MSA (matched), MSA]]", claims="[MSA (matched) is worse than baseline on top1]"
    )
    base, arm, twin = (plan.arms[n].digest for n in (0, 2, 3))
    assert [pair[:2] for pair in contrasts(plan)] == [(twin, arm), (twin, base)]


@pytest.mark.heavy
def test_names_of_no_twin_are_refused_with_the_reason(planned):
    message = refusal(
        planned,
        contrasts="[Avg (matched), MSA (matched)]",
        claims="[high (matched) is worse than low on top1]",
    )
    assert 'there is no "Avg (matched)": the cost is the baseline\'s within 1 %' in message
    assert 'there is no "high (matched)": the model is the baseline\'s' in message
    assert "2 errors" in message


@pytest.mark.heavy
def test_effects_of_factors_leave_twins_out(planned):
    recipe = ("  recipe.lr: {low: 1.0e-3, high: 3.0e-3}\n", "")
    plan, store = planned("{macs: 0.01}", recipe, design="factorial")
    assert sum(arm.arm.is_twin for arm in plan.arms) == 2
    analysis = Analysis(plan, store)
    assert sorted(analysis._choices.values()) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert analysis.factorial == []


@pytest.mark.heavy
def test_a_tolerance_that_no_width_meets_is_refused_with_the_nearest_widths(planned):
    message = refusal(planned, "{macs: 0.0001, multiple: 32}")
    assert "MSA (matched): no width has the baseline's macs within 0.01 %; nearest: " in message
    assert " with model.dims [" in message
    assert "raise the tolerance to 0." in message
    assert "or lower multiple, 32" in message
    assert "tiny.yaml:7:41" in message  # of Avg, whose cost is 0.1 % lower
    assert "tiny.yaml:8:43" in message


MISTAKES = {
    "{latency_p50: 0.1}": (10, 9, "latency_p50 is measured, and not known when the study is plan"),
    "{latency: 0.1}": (10, 9, 'unknown cost "latency"'),
    "{macs: 1}": (10, 15, "match.macs: input should be less than 1"),
    "{macs: 0.1, params: 0.1}": (10, 8, "name one cost and its tolerance"),
    "{by: model.dims}": (10, 8, "name one cost and its tolerance"),
    "{macs: 0.1, by: recipe.lr}": (10, 24, '"recipe.lr" is no argument of the model'),
    "{macs: 0.1, by: model.dim}": (10, 24, 'unknown argument of rest_lite "dim"; did you mean "di'),
    "{macs: 0.1, by: model.stem}": (10, 24, "the stem of rest_lite is no width: rest"),
    "{macs: 0.1, multiple: 0}": (10, 30, "match.multiple: input should be greater than 0"),
}


@pytest.mark.heavy
@pytest.mark.parametrize("match", MISTAKES)
def test_a_mistake_is_reported_at_its_place(planned, match):
    line, column, text = MISTAKES[match]
    message = refusal(planned, match)
    assert text in message
    assert f"tiny.yaml:{line}:{column}" in message


@pytest.mark.heavy
def test_a_width_that_the_model_cannot_have_is_refused(planned):
    tiny_vit = "{name: test_vit, embed_dim: 64}"
    vit = ("{name: rest_lite, dims: [32, 64, 128, 256]}", tiny_vit)
    factors = (
        "model.reduction: {DW: depthwise, Avg: average}\n"
        "  model.ratios: {EMSA: [8, 4, 2, 1], MSA: [1, 1, 1, 1]}",
        "model.depth: {one: 6, two: 2}",
    )
    message = refusal(planned, "{macs: 0.02}", vit, factors)
    assert "no width of test_vit is known: name one" in message
    message = refusal(planned, "{macs: 0.02, by: model.embed_dim, multiple: 3}", vit, factors)
    assert "cannot be built" in message
    assert "set match.multiple" in message


def of(name, **arguments):
    """An arm whose model has these arguments."""
    config = Config(name, arguments, Data(name="digits"), Recipe())
    shape = Shape(num_classes=10, in_chans=3, img_size=64)
    built = ModelCost(
        model=name, shape=shape, arguments=arguments, defaults={}, slots={}, code={}, cost={}
    )
    return ResolvedArm(Arm((1,), config), "arm", "digest", TrialConfig(), built)


def test_heads_divide_widths_where_the_arguments_have_them():
    assert width(of("m", dims=[16, 80], heads=[1, 5]), "").divisors == (1, 5)
    vit = width(of("vit", embed_dim=192, num_heads=3), "model.embed_dim")
    assert (vit.values, vit.divisors, vit.written((216,))) == ((192,), (3,), 216)
    assert width(of("m", embed_dim=192), "model.embed_dim").divisors == (1,)
    assert width(of("m", dims=[64], heads=1), "").written((72,)) == [72]


def test_given_weights_and_unknown_widths_are_refused():
    with pytest.raises(StudyError, match="given weights fit one width alone"):
        width(of("m", embed_dim=192, pretrained=True), "model.embed_dim")
    with pytest.raises(StudyError, match="the embed_dim of m is not known: write it into"):
        width(of("m"), "model.embed_dim")


def test_a_task_without_widths_refuses(tmp_path):
    file = tmp_path / "toy.yaml"
    file.write_text(
        "question: q?\ntask: toy\nbaseline: {args: {rate: 0.1}}\n"
        "factors: {args.steps: {few: 100, many: 200}}\nmatch: {work: 0.1}\nseeds: 2\n"
    )
    request = StudyRequest(file, None, (), tmp_path / "store", (str(TOY),))
    with pytest.raises(SpecError, match="arms of Toy have no width that could be refitted"):
        request.plan()
