"""Weights that a study gives a model are part of what its trials compute."""

import json
import os

import pytest
import timm
import torch

from study.api.request import StudyRequest
from study.errors import SpecError, StudyError
from study.models import weights
from study.tasks.classification import evaluate
from study.tasks.classification.records import ClassifierRecord
from study.tasks.classification.trial.model import build_model, starting_model

FACTORS = "model.reduction: {DW: depthwise, Avg: average}"


LEVELS = "model.drop_path_rate: {none: 0.0, tenth: 0.1}"


def first(plan):
    """The record of a plan's first trial."""
    return ClassifierRecord.of(next(iter(plan.records().values())))


def state(seed, name="test_rest", classes=10):
    torch.manual_seed(seed)
    size = {"img_size": 64} if name == "test_rest" else {}
    return timm.create_model(name, num_classes=classes, **size).state_dict()


@pytest.fixture
def planned(tiny, monkeypatch):
    """planned(model): the plan of the tiny study about a model, in the folder of its file."""
    monkeypatch.chdir(tiny.parent)
    text = tiny.read_text()

    def plan(model, factors=LEVELS):
        tiny.write_text(text.replace("test_rest", model).replace(FACTORS, factors))
        return StudyRequest(tiny, None, (), tiny.parent / "results").plan()[0]

    return plan


def refusal(planned, *words):
    with pytest.raises(StudyError) as refused:
        planned(*words)
    return str(refused.value)


def digests(plan):
    return [arm.digest for arm in plan.arms]


GIVEN = "{name: test_rest, checkpoint_path: w.pth}"


@pytest.mark.heavy
def test_other_weights_of_the_same_path_are_another_trial(planned, tmp_path):
    torch.save(state(0), tmp_path / "w.pth")
    plain, first = digests(planned("test_rest")), digests(planned(GIVEN))
    torch.save(state(1), tmp_path / "w.pth")
    second = digests(planned(GIVEN))
    assert len({*plain, *first, *second}) == 6


@pytest.mark.heavy
def test_weights_that_a_level_does_not_fit_are_told_with_what_they_lack(planned, tmp_path):
    torch.save(state(0), tmp_path / "w.pth")
    message = refusal(planned, GIVEN, FACTORS)
    assert "does not fit this ResT" in message
    assert "6 unexpected: stages.0.blocks.0.attn.reduce.shrink.weight" in message


@pytest.mark.heavy
def test_the_same_weights_at_another_path_are_the_same_trial(planned, tmp_path):
    torch.save(state(0), tmp_path / "w.pth")
    (tmp_path / "v.pth").write_bytes((tmp_path / "w.pth").read_bytes())
    assert digests(planned(GIVEN)) == digests(planned(GIVEN.replace("w.pth", "./v.pth")))
    twins = f"model: {{one: {GIVEN}, other: {GIVEN.replace('w.pth', 'v.pth')}}}"
    assert "other computes the same as one" in refusal(planned, "test_rest", twins)


@pytest.mark.parametrize(
    ("model", "arguments"),
    [("test_resnet", {}), ("{name: test_resnet, pretrained: false}", {"pretrained": False})],
)
def test_names_without_given_weights_are_of_what_they_were(model, arguments, planned):
    """A name is a hash of the configuration, which has no key of weights for them."""
    plan = planned(model, "recipe.lr: {low: 1.0e-3, high: 2.0e-3}")
    assert plan.baseline.config.parts["model"] == {"name": "test_resnet", "arguments": arguments}
    assert "weights" not in first(plan).plain


@pytest.mark.heavy
def test_a_trial_starts_from_the_weights_and_says_which(planned, tmp_path):
    torch.save({"net": state(0), "ema": state(1)}, tmp_path / "w.pth")
    model = GIVEN.replace("}", ", checkpoint_key: ema}")
    record = first(planned(model))
    started = starting_model(record).state_dict()
    assert all(torch.equal(started[name], tensor) for name, tensor in state(1).items())
    assert "checkpoint_path" not in record.config.model.arguments
    assert record.config.model.weights["key"] == "ema"


def test_weights_that_change_after_the_plan_are_never_trained(planned, tmp_path):
    torch.save(state(0), tmp_path / "w.pth")
    record = first(planned(GIVEN))
    torch.save(state(1), tmp_path / "w.pth")
    with pytest.raises(SpecError, match=r"w\.pth has changed since the trial was planned"):
        starting_model(record)


def test_a_finished_trial_needs_its_first_weights_no_more(planned, tmp_path):
    torch.save(state(0), tmp_path / "w.pth")
    record = first(planned(GIVEN))
    os.remove(tmp_path / "w.pth")
    assert build_model(record)


def test_a_trial_of_an_earlier_version_still_starts_from_its_weights(tmp_path):
    torch.save(state(0, "test_resnet"), tmp_path / "w.pth")
    arguments = {"checkpoint_path": str(tmp_path / "w.pth")}
    shape = {"num_classes": 10, "in_chans": 3, "img_size": 64}
    config = {
        "model": {"name": "test_resnet", "arguments": arguments},
        "data": {},
        "recipe": {},
    }
    record = ClassifierRecord.model_validate({"config": config, "shape": shape})
    started = starting_model(record).state_dict()
    assert torch.equal(started["fc.weight"], state(0, "test_resnet")["fc.weight"])


MISTAKES = {
    "a slip": (GIVEN.replace("w.pth", "ww.pth"), 'there is no weights file ww.pth; is it "w.pth"?'),
    "a pointer": (GIVEN.replace("w.pth", "lfs.pth"), "git lfs pull"),
    "other classes": (GIVEN.replace("w.pth", "many.pth"), "another number of classes"),
    "another model": (GIVEN.replace("test_rest", "test_resnet"), "does not fit this ResNet"),
    "an unknown key": (GIVEN.replace("}", ", checkpoint_key: net}"), "unknown checkpoint key"),
    "a key of nothing": ("{name: test_rest, checkpoint_key: net}", "which is not given"),
    "a path of no text": (GIVEN.replace("w.pth", "7"), "the path of a file, not 7"),
    "both": (GIVEN.replace("}", ", pretrained: true}"), "give one of them"),
    "none there": ("{name: test_rest, pretrained: true}", "timm has no weights for test_rest"),
    "no switch": ("{name: test_resnet, pretrained: maybe}", "true or false, not 'maybe'"),
    "a slip in the key": (GIVEN.replace("_path", "_pth"), 'did you mean "checkpoint_path"?'),
    "unread": (
        "{name: test_resnet, pretrained_cfg_overlay: {file: w.pth}}",
        "only pretrained: true reads",
    ),
}


@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_about_weights_is_told_by_the_plan_at_its_place(what, planned, tmp_path):
    torch.save(state(0), tmp_path / "w.pth")
    torch.save(state(0, classes=1000), tmp_path / "many.pth")
    (tmp_path / "lfs.pth").write_text("version https://git-lfs.github.com/spec/v1\n")
    model, complaint = MISTAKES[what]
    message = refusal(planned, model)
    assert complaint in message
    assert "tiny.yaml:3:" in message


# ---- timm's own ----

FETCHED = "{name: test_resnet, pretrained: true}"


@pytest.fixture
def offline(monkeypatch):
    """Any look at the hub, or for a file of it, is an error."""

    def refuse(*args, **kwargs):
        raise AssertionError("the hub was asked")

    monkeypatch.setattr("timm.models._builder.load_pretrained", refuse)


def test_a_plan_asks_no_hub_and_names_timms_weights_by_their_place(planned, offline, recwarn):
    plan = planned(FETCHED)
    start = plan.baseline.config.parts["model"]["weights"]["pretrained"]
    assert start["hf_hub_id"] == "timm/test_resnet.r160_in1k"
    assert start["tag"] == "r160_in1k"
    assert not [warning for warning in recwarn if "no-op" in str(warning.message)]
    assert {a.digest for a in plan.arms}.isdisjoint(digests(planned("test_resnet")))


def test_weights_that_are_given_are_no_dead_level(planned, offline):
    levels = "model.pretrained: {scratch: false, given: true}"
    assert len(planned("test_resnet", levels).arms) == 2


@pytest.mark.heavy
def test_a_file_in_place_of_timms_weights_is_told_by_its_content(planned, tmp_path):
    model = "{name: test_resnet, pretrained: true, pretrained_cfg_overlay: {file: w.pth}}"
    torch.save(state(0, "test_resnet", 1000), tmp_path / "w.pth")
    plan = planned(model)
    torch.save(state(1, "test_resnet", 1000), tmp_path / "w.pth")
    other = planned(model)
    assert not {*digests(plan)} & {*digests(other)}
    started = starting_model(first(other)).state_dict()
    expected = state(1, "test_resnet", 1000)
    assert torch.equal(started["conv1.0.weight"], expected["conv1.0.weight"])
    assert started["fc.weight"].shape[0] == 10


def test_weights_that_cannot_be_fetched_fail_the_trial_in_a_sentence(tmp_path):
    overlay = {"url": "http://127.0.0.1:9/none.pth", "hf_hub_id": None}
    arguments = {"pretrained": True, "pretrained_cfg_overlay": overlay}
    with pytest.raises(StudyError, match=r"could not be fetched from http://127\.0\.0\.1:9/none"):
        weights.started("test_resnet", arguments, num_classes=10, in_chans=3, img_size=64)


def test_weights_are_not_given_to_eval_by_an_argument_of_the_model():
    images = {"name": "digits"}
    with pytest.raises(StudyError, match="--checkpoint or --pretrained"):
        evaluate.named("test_resnet", None, arguments={"pretrained": True}, images=images)


@pytest.mark.heavy
def test_given_weights_are_evaluated_at_another_size_and_not_random_ones(inside, tiny, tmp_path):
    torch.save(state(7), tmp_path / "w.pth")
    text = tiny.read_text().replace("model: test_rest", f"model: {GIVEN}").replace(FACTORS, LEVELS)
    text = text.replace("epochs: 2", "epochs: 0").replace(
        "[params, macs, top1]", '[loss, "loss@64"]'
    )
    tiny.write_text(text.replace("seeds: 2", "seeds: 1"))
    assert inside("run", tiny, "--on", "inline", "--no-speed").returncode == 0
    rows = json.loads(inside("results", tiny, "--json").stdout)
    values = {(row["label"], row["metric"]): row["value"] for row in rows}
    assert values["none", "loss@64"] == pytest.approx(values["none", "loss"], rel=1e-6)
